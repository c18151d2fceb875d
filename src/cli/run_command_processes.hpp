// SPDX-License-Identifier: Apache-2.0
// Exports of one command in child processes, one each.
#pragma once

#include <vector>

#include "cli/run_order.hpp"

namespace rivet::cli {

/// Runs each export in a process of its own, and each gate in a thread of this one, `at_once` of them at a time, and
/// relays what they tell to the job's listener. A process that ends without telling the outcome is a failed run. A
/// requested stop is passed on, and all ends are awaited. What the processes write to stderr is kept in
/// `rivet-child-stderr-<time>.log` beside the configuration, when there is any. Steps and outcomes as with
/// run_in_threads(). Call it from the main thread: the processes are killed when the calling one ends.
std::vector<report::RunOutcome> run_in_processes(const std::vector<Step>& steps, run::Agenda& agenda, const RunJob& job,
                                                 int at_once, const run::OutcomeHandler& handle);

}  // namespace rivet::cli
