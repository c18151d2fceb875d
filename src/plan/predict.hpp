// SPDX-License-Identifier: Apache-2.0
// How much a plan will take, judged by earlier runs and else by what this program does with rows of that width. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/config.hpp"
#include "model/plan.hpp"
#include "model/prediction.hpp"
#include "plan/past_run.hpp"

namespace rivet::plan {

/// What a prediction rests on beside the plan and its units.
struct PredictionFacts {
  std::optional<std::int64_t> rows;                     ///< that the units will read, as the source estimates
  std::optional<std::int64_t> bytes_per_row;            ///< in the source
  bool counted = false;                                 ///< the source has counted `rows`
  int statements_to_plan = 0, statements_per_unit = 0;  ///< of the engine; see source::Capabilities
  std::vector<PastRun> history;                         ///< the newest first
};

/// The prediction; `basis` says what it rests on.
model::Prediction predict(const config::Export& entry, const model::Plan& plan, const PredictionFacts& facts);

}  // namespace rivet::plan
