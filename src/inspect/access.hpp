// SPDX-License-Identifier: Apache-2.0
// The planner's only view of the outside.
#pragma once

#include <stop_token>

#include "source/source.hpp"
#include "state/store.hpp"

namespace rivet::inspect {

/// What may be asked before a plan is made: the source, and what earlier runs left. The caller keeps both alive.
struct Access {
  const source::Source& source;
  state::StateStore& store;
  std::stop_token stop;
};

}  // namespace rivet::inspect
