// SPDX-License-Identifier: Apache-2.0
// A command that runs exports, as its user sees it: live lines, cards, totals, documents, notifications, exit code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/run_command_job.hpp"

namespace rivet::cli {

/// What such a command is about. Everything referred to must outlive it.
struct ReportedRun {
  const RunArguments& args;
  const config::Config& config;  ///< whose receivers are notified
  state::StateStore& store;
  Context& context;
  std::size_t exports = 1;  ///< that the command was to run
  bool data_on_stdout = false;
  std::string parallel_mode;
};

/// Runs the exports and tells the outcomes as they come.
using RunThem = std::function<std::vector<report::RunOutcome>(report::ProgressListener&, const run::OutcomeHandler&)>;

/// Runs and reports. The error of a run says more than that of its report, and is returned first.
Result<void> run_and_report(const ReportedRun& job, const RunThem& run_them);

}  // namespace rivet::cli
