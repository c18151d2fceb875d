// SPDX-License-Identifier: Apache-2.0
// Most runs have the shape of the run before.
#include "inspect/plan_shapes.hpp"

#include <utility>

#include <fmt/format.h>

namespace rivet::inspect {

Result<const model::PlanShape*> PlanShapes::of(const std::string& run_id) {
  const auto run = TRY(store_.run(run_id));
  if (!run) return fail(ErrorKind::internal, fmt::format("run {} left something behind, but is not stored", run_id));
  auto text = model::shape_text(run->plan_json);
  const auto known = known_.find(text);
  if (known != known_.end()) return &known->second;
  auto shape = TRY(model::plan_shape_from_json_text(run->plan_json).context("reading the plan of run " + run_id));
  return &known_.emplace(std::move(text), std::move(shape)).first->second;
}

}  // namespace rivet::inspect
