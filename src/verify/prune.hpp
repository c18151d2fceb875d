// SPDX-License-Identifier: Apache-2.0
// Takes parts that count no more out of the sight of readers who list directories.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "state/store.hpp"

namespace rivet::verify {

/// Moves the export's superseded parts that still lie at the destination below model::kSupersededFolder, and tells
/// their names. May be repeated: what was moved is left alone. Errors of the store and the destination.
Result<std::vector<std::string>> prune(state::StateStore& store, const destination::Destination& destination,
                                       const std::string& export_name);

}  // namespace rivet::verify
