// SPDX-License-Identifier: Apache-2.0
// How a run went, put together: what is known before it begins, what the store holds after it, its row of metrics.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "config/config.hpp"
#include "model/plan.hpp"
#include "report/outcome.hpp"
#include "run/environment.hpp"

namespace rivet::run {

/// `<export>_<time>`: the id of a run that begins at `at`, unless another has it.
std::string first_run_id(const std::string& export_name, base::Timestamp at);

/// The outcome of a run that has not begun: failed, until it succeeds.
report::RunOutcome expected_outcome(const config::Config& config, const config::Export& entry, base::Timestamp now);

/// Adds files, bytes and digest of a sealed run, and its longest unit.
void add_what_is_stored(state::StateStore& store, const std::string& run_id, bool sealed, report::RunOutcome& outcome);

/// Writes the metrics row; a run that was refused before it began is told under an id of its own. `plan` may be null.
/// A store that does not take it is a warning in the log.
void record_metrics(const Environment& environment, const config::Export& entry, const model::Plan* plan,
                    const report::RunOutcome& outcome, bool sealed);

}  // namespace rivet::run
