// SPDX-License-Identifier: Apache-2.0
// One export from its configuration to a published, verified result.
#pragma once

#include "config/config.hpp"
#include "report/outcome.hpp"
#include "run/environment.hpp"

namespace rivet::run {

/// What the user asked of this run.
struct RunOptions {
  bool validate = false;      ///< read the result back and prove it
  bool resume = false;        ///< insist on an unfinished run to go on with
  std::string rerun_command;  ///< what to type to run this export again
};

/// Runs one export and never fails: whatever happened is in the outcome, the journal and the metrics. A run
/// that an earlier process left sealed is published first, one that it left unfinished is taken over when it was
/// made by the same plan, and set aside otherwise. Called from one thread per export.
report::RunOutcome run_export(const Environment& environment, const config::Config& config, const config::Export& entry,
                              const RunOptions& options);

}  // namespace rivet::run
