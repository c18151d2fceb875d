// SPDX-License-Identifier: Apache-2.0
// Lets the first few slots of a run work and the others wait.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace rivet::run {

/// Slots are numbered from 0; those below the allowed number pass. Any thread may call it.
class SlotGate {
 public:
  explicit SlotGate(int allowed) : allowed_(allowed) {}

  /// Changes how many may work; those that work already finish their unit first.
  void allow(int slots);
  /// Lets all pass from now on, whatever is allowed: there is nothing left to wait for.
  void open();

  bool lets_pass(int slot) const;
  /// Waits for its turn; false when `stop` is requested meanwhile.
  bool pass(int slot, const std::stop_token& stop);

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  int allowed_;
  bool open_ = false;
};

}  // namespace rivet::run
