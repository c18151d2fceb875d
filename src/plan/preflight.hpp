// SPDX-License-Identifier: Apache-2.0
// The advice that follows from a plan and a look at how the source would read it. Pure.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "config/config.hpp"
#include "model/plan.hpp"
#include "model/preflight.hpp"
#include "model/relation.hpp"
#include "plan/past_run.hpp"
#include "plan/units.hpp"

namespace rivet::plan {

/// What the advice rests on beside the plan.
struct PreflightFacts {
  const model::Inventory& inventory;
  const KeyFacts& key;
  model::ScanPlan scan;                          ///< of a typical unit
  std::vector<PastRun> history = {};             ///< the newest first
  std::optional<std::int64_t> connections_left;  ///< that the server would still accept; nothing: not known
  base::Timestamp now;
};

/// The label of how an export is read, such as `chunked-parallel(id, size=100000, p=2)`.
std::string strategy_label(const config::Export& entry, const model::Plan& plan);

/// Verdict, recommendations and warnings for one export with its units.
model::Preflight judge(const config::Export& entry, const model::Plan& plan, const PreflightFacts& facts);

}  // namespace rivet::plan
