// SPDX-License-Identifier: Apache-2.0
// Exports of one command in threads of this process.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "report/outcome.hpp"
#include "run/agenda.hpp"

namespace rivet::run {

/// Called with each outcome as soon as it is complete.
using OutcomeHandler = std::function<void(const report::RunOutcome&)>;

/// Something that runs an export, or its partitions, or looks at a gate.
struct WorkItem {
  /// Runs until it is done or `stop` is requested.
  std::function<std::vector<report::RunOutcome>(const OutcomeHandler&, const std::stop_token& stop)> run;
  bool alone = false;        ///< not beside another one of which this is said
  cascade::NodeId node = 0;  ///< in the agenda
  /// What is told of it when it is not run.
  std::function<report::RunOutcome(const std::string& why)> leave_out = {};
};

/// Works the items off in their order, at most `at_once` at a time; one that has to wait, for what the agenda says or
/// for another of its kind, lets later ones pass. One that is not needed any more is stopped, and told as skipped.
/// `handle` is never called by two threads at a time. After a stop request no further item is begun. Outcomes in the
/// order of the items. The agenda may have nodes that are no items: those that ended before.
std::vector<report::RunOutcome> work_off(const std::vector<WorkItem>& items, int at_once, const std::stop_token& stop,
                                         const OutcomeHandler& handle, Agenda& agenda);

/// The same for items that wait for nobody; their nodes are of no account.
std::vector<report::RunOutcome> work_off(std::vector<WorkItem> items, int at_once, const std::stop_token& stop,
                                         const OutcomeHandler& handle);

}  // namespace rivet::run
