// SPDX-License-Identifier: Apache-2.0
// Waiting that always ends: with a turn, with a stop, or with the end of the work.
#include "run/slot_gate.hpp"

namespace rivet::run {

void SlotGate::allow(int slots) {
  {
    const std::scoped_lock lock(mutex_);
    allowed_ = slots;
  }
  changed_.notify_all();
}

void SlotGate::open() {
  {
    const std::scoped_lock lock(mutex_);
    open_ = true;
  }
  changed_.notify_all();
}

bool SlotGate::lets_pass(int slot) const {
  const std::scoped_lock lock(mutex_);
  return open_ || slot < allowed_;
}

bool SlotGate::pass(int slot, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop, [&] { return open_ || slot < allowed_; });
}

}  // namespace rivet::run
