// SPDX-License-Identifier: Apache-2.0
// Files that a process wrote for a run after it had lost its claim, and could not take away any more.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// Objects at the destination that bear the name of the run and that none of its committed units names. Empty unless
/// the run is published: before, they may be on their way.
Result<std::vector<std::string>> garbage_of(state::StateStore& store, const destination::Destination& destination,
                                            const state::RunView& run);

/// Takes them out of the readers' way, to `_quarantine/<run_id>/`.
Result<void> remove_garbage(state::StateStore& store, const destination::Destination& destination,
                            const state::RunView& run);

}  // namespace rivet::run
