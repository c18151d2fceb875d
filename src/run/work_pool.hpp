// SPDX-License-Identifier: Apache-2.0
// Exports of one command in threads of this process.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "report/outcome.hpp"

namespace rivet::run {

/// Called with each outcome as soon as it is complete.
using OutcomeHandler = std::function<void(const report::RunOutcome&)>;

/// Something that runs an export, or its partitions.
struct WorkItem {
  std::function<std::vector<report::RunOutcome>(const OutcomeHandler&)> run;
  bool alone = false;  ///< not beside another one of which this is said
};

/// Works the items off in their order, at most `at_once` at a time; one that has to wait for another of its kind lets
/// later ones pass. `handle` is never called by two threads at a time. After a stop request no further item is begun.
/// Outcomes in the order of the items.
std::vector<report::RunOutcome> work_off(const std::vector<WorkItem>& items, int at_once, const std::stop_token& stop,
                                         const OutcomeHandler& handle);

}  // namespace rivet::run
