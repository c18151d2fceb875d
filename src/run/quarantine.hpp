// SPDX-License-Identifier: Apache-2.0
// Takes a run's own files that no store knows out of the readers' way.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "destination/destination.hpp"

namespace rivet::run {

/// Moves every object whose name begins with `stem` and is not in `keep` to `_quarantine/<run_id>/`, and removes
/// unfinished uploads of that stem. Touches nothing else. Does nothing where listing is impossible.
/// REQUIRES: nobody who could still commit under that stem would be accepted by the store (the epoch was raised,
/// or the run has ended).
Result<void> quarantine(const destination::Destination& destination, std::string_view stem,
                        const std::set<std::string>& keep, std::string_view run_id);

}  // namespace rivet::run
