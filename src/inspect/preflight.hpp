// SPDX-License-Identifier: Apache-2.0
// Advice and prediction for a plan with its units, asked of the source and of the records of earlier runs.
#pragma once

#include "inspect/resolve.hpp"
#include "model/preflight.hpp"

namespace rivet::inspect {

/// Completes the plan with what it is expected to take. REQUIRES: the plan has its units.
void add_prediction(const Access& access, const config::Export& entry, Resolved& resolved);

/// How well the source can serve the export. A source that cannot explain the read leaves that part empty and says
/// why; kind auth when it may not be read at all. REQUIRES: the plan has its units, and the session is open.
Result<model::Preflight> preflight(const config::Export& entry, Resolved& resolved, base::Timestamp now);

}  // namespace rivet::inspect
