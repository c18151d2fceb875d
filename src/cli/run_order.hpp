// SPDX-License-Identifier: Apache-2.0
// What a command works off, exports and gates, in an order that their dependencies allow.
#pragma once

#include <vector>

#include "cli/run_command_job.hpp"
#include "run/agenda.hpp"

namespace rivet::cli {

/// An export or a gate: one of the two is set. `node` is its place in the agenda.
struct Step {
  const config::Export* entry = nullptr;
  const config::Gate* gate = nullptr;
  cascade::NodeId node = 0;
};

/// Steps in topological order; gates before exports and exports in the order of the file where that leaves a choice.
/// The configuration must outlive it.
struct Order {
  std::vector<Step> steps;
  run::Agenda agenda;
};

/// The selected exports and the gates that belong to them, with what they wait for; see order_of().
Result<std::vector<cascade::NodeSpec>> selected_nodes(const config::Config& config, const Selection& selected,
                                                      const RunArguments& args);

/// The order of the selected exports. All gates of the file belong to it, or when exports were named, those that these
/// wait for; with `--no-deps` none, and nothing waits. Error kind config when an export or a gate depends on an export
/// that was not selected.
Result<Order> order_of(const config::Config& config, const Selection& selected, const RunArguments& args);

/// What is told of a step that will not be run.
report::RunOutcome left_out(const RunJob& job, const Step& step, const std::string& why);

/// The step as work for run::work_off(). The job must outlive it.
run::WorkItem item_of(const RunJob& job, const Step& step);

}  // namespace rivet::cli
