// SPDX-License-Identifier: Apache-2.0
// A plan as people review it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/plan.hpp"
#include "model/preflight.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// Where an export stands among the others, in words.
struct PriorityLines {
  std::string score;                 ///< `score 40: medium (wave 3)`
  std::vector<std::string> reasons;  ///< `[large_table] ...`
};

/// One sealed plan with what there is to say about it.
struct PlanReview {
  std::string plan_id;
  base::Timestamp created_at, expires_at;
  std::string export_name;
  std::int64_t partitions = 0;  ///< 0: it has none
  const model::Plan& plan;      ///< of a typical partition
  const model::Preflight& preflight;
  std::optional<PriorityLines> priority = {};
  std::string tuning;  ///< profile and limits, one line
};

/// A block of labelled lines.
std::string plan_text(const PlanReview& review, const Style& style);

}  // namespace rivet::report
