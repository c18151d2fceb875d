// SPDX-License-Identifier: Apache-2.0
// One export from its configuration to a published, verified result.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "model/plan.hpp"
#include "report/outcome.hpp"
#include "run/environment.hpp"

namespace rivet::run {

/// Of a run that somebody keeps account of, who has others go on with it when this process cannot. Called by the
/// thread of the run.
class Assignment {
 public:
  virtual ~Assignment() = default;
  /// A process works with this run, before anything of it is published. An error ends that.
  virtual Result<void> began(const std::string& export_name, const std::string& run_id) = 0;
  /// The run that an earlier process worked with.
  virtual Result<std::optional<std::string>> earlier_run(const std::string& export_name) = 0;
  /// Whether a run that is stopped is left to others rather than ended.
  virtual bool leaves_behind() const = 0;
};

/// Code of an Assignment's error: it is somebody else's by now. The run is left to them.
inline constexpr std::string_view kClaimLost = "RIVET_CLAIM_LOST";

/// What the user asked of this run.
struct RunOptions {
  bool validate = false;      ///< read the result back and prove it
  bool reconcile = false;     ///< compare the result's rows with those of the source
  bool resume = false;        ///< insist on an unfinished run to go on with
  bool force = false;         ///< resume although a complete result stands, or begin when there is nothing to resume
  std::string rerun_command;  ///< what to type to run this export again
  Assignment* assignment = nullptr;  ///< null: nobody but the user
  bool join_only = false;            ///< help with a run that a living process holds, and do nothing when there is none
};

/// Called with each outcome as soon as it is there; may complete it.
using OutcomeListener = std::function<void(report::RunOutcome&)>;

/// Runs one export, or each of its partitions, and never fails: whatever happened is in the outcomes, the journal and
/// the metrics. A run that an earlier process left sealed is published first, one that it left unfinished is taken
/// over when it was made by the same plan, and set aside otherwise. Called from one thread per export.
std::vector<report::RunOutcome> run_export(const Environment& environment, const config::Config& config,
                                           const config::Export& entry, const RunOptions& options,
                                           const OutcomeListener& done);

/// An export, or a partition of one, with the plan that was made for it.
struct PlannedExport {
  config::Export entry;
  const model::Plan& plan;  ///< owned by the caller
};

/// The same for plans that were made earlier, one after the other: carries them out where and as they say.
std::vector<report::RunOutcome> run_planned(const Environment& environment, const config::Config& config,
                                            const std::vector<PlannedExport>& planned, const RunOptions& options,
                                            const OutcomeListener& done);

}  // namespace rivet::run
