// SPDX-License-Identifier: Apache-2.0
// What was predicted of a run beside what came.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "report/outcome.hpp"

namespace rivet::report {

/// A number that was predicted, and what came.
struct PredictionLine {
  const char* what;  ///< as in the JSON of a prediction
  model::Interval interval;
  std::int64_t actual;
};

/// None when nothing was predicted, or the run did not come to its end.
std::vector<PredictionLine> compare_with_prediction(const RunOutcome& outcome);

/// How many of the predictions held, and those that did not; empty when there is nothing to compare.
std::string prediction_text(const RunOutcome& outcome);

/// A prediction as people read it: `950,000 (665,000 to 1,330,000)`, with the unit of `what`.
std::string interval_text(std::string_view what, const model::Interval& interval);

/// The prediction with `actual` and `within` in each number; null when nothing was predicted.
nlohmann::ordered_json prediction_json(const RunOutcome& outcome);

/// A section of summary.md; empty when there is nothing to compare.
std::string prediction_section(const RunOutcome& outcome);

}  // namespace rivet::report
