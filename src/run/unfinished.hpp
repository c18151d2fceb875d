// SPDX-License-Identifier: Apache-2.0
// What earlier processes left behind: sealed runs to publish, dead runs to take over or to set aside.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "model/plan.hpp"
#include "run/environment.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// Publishes every sealed run that is not published yet; of `export_name` or, when empty, of all exports. What cannot
/// be published at another place than `prefix` is told and left for later: it is in nobody's way.
Result<void> finish_sealed_runs(const Environment& environment, const std::string& export_name,
                                const std::string& prefix);

/// Takes the files of the export's runs that ended without a result out of the readers' way, also those of processes
/// that died before they could. What cannot be done at another place than `prefix` is told and left for later.
Result<void> sweep_ended_runs(const Environment& environment, const std::string& export_name,
                              const std::string& prefix);

/// Kind conflict, code RIVET_RUN_IN_PROGRESS, when a living process holds a run of the export.
Result<void> refuse_if_held(const Environment& environment, const std::string& export_name);

/// The running run of the same plan that a living process holds; nothing when there is none.
Result<std::optional<state::RunView>> find_living(const Environment& environment, const model::Plan& plan);

/// Whether a process holds the run and may be alive.
bool is_held(const state::RunView& run, base::Timestamp now);

/// Makes `owner` the holder of a run whose holder is dead. Kind conflict when another process was quicker.
Result<void> hold(const Environment& environment, const state::RunView& run, const std::string& owner);

/// The export's dead run that was made by the same plan, now held by `owner`; its other dead runs are ended and
/// their files quarantined. Completed units whose parts are not as they were committed are pending again; with
/// `check_content` the parts' bytes are looked at for that. A run whose units shared an instant died with it unless all
/// of them are completed. Nothing
/// when there is none to go on with. Kind conflict, code RIVET_RUN_IN_PROGRESS, when a living process has begun a run
/// meanwhile.
Result<std::optional<state::RunView>> take_over(const Environment& environment, const model::Plan& plan,
                                                const std::string& owner, bool check_content);

}  // namespace rivet::run
