// SPDX-License-Identifier: Apache-2.0
// A plan that was made earlier, held against the source as it is now.
#pragma once

#include "inspect/resolve.hpp"

namespace rivet::inspect {

/// Looks at the relation of the plan and takes the plan as it is; its units share an instant, when they do, from here
/// on. Rows beyond the ends of the planned key are warned of. Errors: drift when the relation is not what the plan was
/// made for, or has rows that none of its units would read; conflict when earlier runs have gone on from where the plan
/// begins, or the source is another one.
Result<Resolved> resolve_pinned(const Access& access, const config::Export& entry, const model::Plan& pinned,
                                base::Timestamp started_at);

}  // namespace rivet::inspect
