// SPDX-License-Identifier: Apache-2.0
// The planner: configuration and inventory to a plan, with a reason for every choice. Pure.
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/config.hpp"
#include "model/plan.hpp"
#include "model/relation.hpp"
#include "plan/strategy.hpp"
#include "plan/units.hpp"

namespace rivet::plan {

/// Refuses what this version cannot carry out although the configuration is valid (kind config, naming the key
/// and the next step). Looks at nothing but the export, so that every command refuses the same before it connects.
Result<void> check_supported(const config::Export& entry);

/// Kind config when a rule names a column that is not there: a rule that looks at nothing must not pass.
Result<void> check_quality(const config::Quality& rules, const model::Columns& columns);

/// What the planner is told about the two ends: which database is read, where parts land, which columns are added.
struct PlanEnds {
  std::string source_id;   ///< as source::Session names it; empty: not known
  std::string prefix;      ///< canonical, as the state store keys it
  std::string uri;         ///< for manifest and people
  model::Columns columns;  ///< the source's and ours after them
  std::vector<std::string> row_hash_covered;
};

/// The plan of one run but for its units and what depends on them, with the fingerprint that decides whether a dead run
/// can be gone on with.
model::Plan make_plan(const config::Config& config, const config::Export& entry, const model::Inventory& inventory,
                      const Strategy& strategy, const PlanEnds& ends);

/// Completes the plan with its units and the proof that they tile the relation. Errors as of make_units().
Result<void> add_units(const Strategy& strategy, const KeyFacts& facts, model::Plan& plan);

}  // namespace rivet::plan
