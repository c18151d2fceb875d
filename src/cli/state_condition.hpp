// SPDX-License-Identifier: Apache-2.0
// What was found at a place for state, in words and as a verdict.
#pragma once

#include <string>

#include "base/result.hpp"
#include "cli/registry.hpp"

namespace rivet::cli {

/// One line for people.
std::string tell_condition(const StatePlace& place, const StateCondition& condition);

/// Whether runs can work with it. Kinds: auth when it may not be written, config when clocks differ too far for leases.
Result<void> judge_state(const StatePlace& place, const StateCondition& condition);

}  // namespace rivet::cli
