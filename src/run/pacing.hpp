// SPDX-License-Identifier: Apache-2.0
// How long a slot rests between two units, so that the source gets no more to do than the user allowed.
#pragma once

#include <chrono>
#include <cstdint>

#include "config/config.hpp"
#include "model/plan.hpp"

namespace rivet::run {

/// What one unit took from the source.
struct UnitVolume {
  std::int64_t rows = 0, bytes = 0;
};

/// The pace of one run in this process, all its slots together. It only ever rests between units: a pause within one
/// would hold its snapshot for longer, which harms more than speed does. Not thread safe.
class Pacing {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// `throttle_ms` counts when it was given or comes with the profile `safe`; `max_mb_per_s` whenever it is there.
  /// Neither does when the run has one unit, or when its units share a snapshot that is open all the time.
  Pacing(const config::Tuning& tuning, const model::Plan& plan);

  /// Whether a pause can ever be owed.
  bool is_active() const { return ms_per_row_ > 0 || bytes_per_second_ > 0; }

  /// The pause of a slot before its next unit, after a unit that it began and ended at these times: `throttle_ms` for
  /// every `batch_size` rows, and until the bytes of all slots so far are within `max_mb_per_s`.
  std::chrono::milliseconds owed(const UnitVolume& unit, Instant began, Instant ended);

 private:
  double ms_per_row_ = 0;
  double bytes_per_second_ = 0;  // 0: no limit
  Instant paid_until_ = {};      // when the bytes so far have been worth their time
};

/// Whether the plan has moments between units in which nothing is open at the source.
bool has_pauses(const model::Plan& plan);

/// Adds a warning to a plan with units when it cannot keep the pace that was asked for in the configuration.
void warn_about_pacing(const config::Tuning& tuning, model::Plan& plan);

}  // namespace rivet::run
