// SPDX-License-Identifier: Apache-2.0
// A whole outcome as JSON and back, so that it can go from one process to another without losing anything.
#pragma once

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "report/outcome.hpp"

namespace rivet::report {

/// As it stands in summaries too; null when there is none.
nlohmann::ordered_json apply_context_json(const std::optional<ApplyContext>& context);

/// Every field of the outcome, under its own name.
nlohmann::ordered_json outcome_to_json(const RunOutcome& outcome);

/// The outcome that outcome_to_json() was given. Error kind data when a field is missing or of another type.
Result<RunOutcome> outcome_from_json(const nlohmann::json& json);

}  // namespace rivet::report
