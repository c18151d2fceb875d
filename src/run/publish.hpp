// SPDX-License-Identifier: Apache-2.0
// A sealed run becomes visible: manifest, marker, then the store says so. May be repeated until it stands.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "destination/destination.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// Writes manifests and markers of a sealed run from what the store holds, and marks it published. Harmless
/// when it was done already, entirely or in part. Where nothing can be listed (stdout) only the store is told.
Result<void> publish(state::StateStore& store, const destination::Destination& destination, const state::RunView& run,
                     const base::Clock& clock);

/// Leaves a record of a run that ended without a result: its own manifest, no parts, no marker.
Result<void> record_failure(const destination::Destination& destination, const state::RunView& run,
                            std::string_view status, const base::Clock& clock);

}  // namespace rivet::run
