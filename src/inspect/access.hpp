// SPDX-License-Identifier: Apache-2.0
// The planner's only view of the outside.
#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>

#include "source/source.hpp"
#include "state/store.hpp"

namespace rivet::inspect {

/// What may be asked before a plan is made: the source, and what earlier runs left. The caller keeps both alive.
struct Access {
  const source::Source& source;
  state::StateStore& store;
  std::stop_token stop;
  std::atomic<std::int64_t>* statements = nullptr;  ///< when given, counts what is sent to the source
};

}  // namespace rivet::inspect
