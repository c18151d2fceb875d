// SPDX-License-Identifier: Apache-2.0
// How many slots an adaptive run keeps busy, decided from what others at the source go through. Pure.
#pragma once

#include <optional>
#include <string>

#include "source/source.hpp"

namespace rivet::run {

/// Another number of slots, and why.
struct Adjustment {
  int from = 0, to = 0;
  std::string reason;
};

/// One slot fewer after a sample that shows others waiting, one more after two in a row that do not. Begins with all
/// slots. After three samples in a row that could not be read it is off, with all slots: who cannot see must not guess.
class GovernorPolicy {
 public:
  /// REQUIRES: 1 <= least <= most.
  GovernorPolicy(int least, int most) : least_(least), most_(most), slots_(most) {}

  std::optional<Adjustment> observe(const source::Pressure& sample);
  std::optional<Adjustment> observe_nothing();

  int slots() const { return slots_; }
  bool is_off() const { return unreadable_ >= kMostUnreadable; }

 private:
  static constexpr int kMostUnreadable = 3;
  static constexpr int kCalmNeeded = 2;

  std::optional<Adjustment> change_to(int slots, std::string reason);
  std::string strain(const source::Pressure& sample) const;

  const int least_, most_;
  int slots_;
  int calm_ = 0, unreadable_ = 0;
  std::optional<std::int64_t> checkpoints_;  // of the sample before
};

}  // namespace rivet::run
