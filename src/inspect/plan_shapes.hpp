// SPDX-License-Identifier: Apache-2.0
// What the plans of earlier runs say of their columns. A run stays in the store as long as its parts do.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "model/plan.hpp"
#include "state/store.hpp"

namespace rivet::inspect {

/// Reads each shape once, however many runs have it: an export may have thousands of runs. One thread may use it.
class PlanShapes {
 public:
  explicit PlanShapes(state::StateStore& store) : store_(store) {}

  /// The shape of a run's plan, the same object for all runs that have it; it lives as long as this does.
  Result<const model::PlanShape*> of(const std::string& run_id);

 private:
  state::StateStore& store_;
  std::map<std::string, model::PlanShape> known_;  // by shape_text()
};

}  // namespace rivet::inspect
