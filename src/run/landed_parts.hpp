// SPDX-License-Identifier: Apache-2.0
// Whether what earlier processes of a run committed is still there.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// A unit whose parts are not at the destination as they were committed.
struct DamagedUnit {
  int index = 0;
  std::string what;  ///< the first part and what is wrong with it
};

/// The run's committed units of which a part is missing or has another size; with `content` also other bytes, for
/// which all parts are read. None where nothing can be listed.
Result<std::vector<DamagedUnit>> damaged_units(state::StateStore& store, const destination::Destination& destination,
                                               const std::string& run_id, bool content);

}  // namespace rivet::run
