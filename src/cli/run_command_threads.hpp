// SPDX-License-Identifier: Apache-2.0
// Exports of one command in this process, one after another or side by side.
#pragma once

#include <vector>

#include "cli/run_order.hpp"

namespace rivet::cli {

/// What the batches in flight of `at_once` exports may take together.
std::int64_t shared_byte_budget(const Selection& selected, int at_once);

/// Works the steps off, `at_once` of them at a time; `handle` is called by one thread at a time. The outcomes are in
/// the order of the steps, whatever the order in which they ended; steps that had not begun when a stop was requested
/// are left out. What the steps wait for must be among them or have ended in the same agenda.
std::vector<report::RunOutcome> run_in_threads(const std::vector<Step>& steps, run::Agenda& agenda, const RunJob& job,
                                               int at_once, const run::OutcomeHandler& handle);

}  // namespace rivet::cli
