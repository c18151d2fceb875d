// SPDX-License-Identifier: Apache-2.0
// Watches the source on a connection of its own while the slots of an adaptive run work.
#pragma once

#include <thread>

#include "run/execute.hpp"
#include "run/slot_gate.hpp"

namespace rivet::run {

/// Whether the export asks for a governor and has slots to govern.
bool is_governed(const HeldRun& run);

/// Samples from a thread of its own until destroyed, and tells the gate how many slots may work; changes go into the
/// journal. It is off, with all slots, where the source has nothing to tell and after three samples that could not be
/// read; that is said once. The run and the gate must outlive it.
class Governor {
 public:
  Governor(const HeldRun& run, SlotGate& gate);

 private:
  void watch(const std::stop_token& done);
  void say_off(const std::string& why) const;

  const HeldRun& run_;
  SlotGate& gate_;
  std::jthread thread_;
};

}  // namespace rivet::run
