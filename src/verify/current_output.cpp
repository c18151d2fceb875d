// SPDX-License-Identifier: Apache-2.0
// The state store says what counts; plans say what it was read from.
#include "verify/current_output.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace rivet::verify {
namespace {

bool is_read_as_one(const model::Plan& plan) { return plan.strategy == "pages" || plan.strategy == "dense"; }

Error nothing_to_compare(const std::string& export_name, std::string message) {
  return {.kind = ErrorKind::config,
          .message = std::move(message),
          .code = "RIVET_NOTHING_TO_RECONCILE",
          .hint = fmt::format("run it first: rivet run -c FILE -e {}", export_name)};
}

/// The newest run that made a result of its own.
Result<state::RunView> newest_result(state::StateStore& store, const std::string& export_name) {
  for (auto& run : TRY(store.runs({.export_name = export_name, .limit = 0}))) {
    if (run.stage != state::RunStage::published) continue;
    const auto plan = TRY(model::plan_from_json_text(run.plan_json).context("reading the plan of run " + run.run_id));
    if (!model::is_repair(plan)) return std::move(run);
  }
  return fail(nothing_to_compare(export_name, fmt::format("export '{}' has no published run", export_name)));
}

Result<const model::Plan*> plan_of(state::StateStore& store, const std::string& run_id, CurrentOutput& output) {
  auto& known = output.plans[run_id];
  if (known != nullptr) return known.get();
  const auto run = TRY(store.run(run_id));
  if (!run) return fail(ErrorKind::data, "the state store lost run " + run_id);
  known = std::make_unique<const model::Plan>(
      TRY(model::plan_from_json_text(run->plan_json).context("reading the plan of run " + run_id)));
  return known.get();
}

Subject& subject_for(const state::LiveUnit& unit, const model::Plan& plan, CurrentOutput& output) {
  if (is_read_as_one(plan)) {
    for (auto& subject : output.subjects) {
      if (subject.first().run_id == unit.run_id) return subject;
    }
  }
  return output.subjects.emplace_back(Subject{.units = {}, .parts = {}, .plan = &plan});
}

void add_parts(const std::vector<state::FileView>& files, CurrentOutput& output) {
  std::map<std::pair<std::string, int>, Subject*> of_unit;
  for (auto& subject : output.subjects) {
    for (const auto& unit : subject.units) of_unit[{unit.run_id, unit.view.unit.index}] = &subject;
  }
  for (const auto& file : files) {
    const auto found = of_unit.find({file.part.run_id, file.part.unit_index});
    if (found != of_unit.end()) found->second->parts.push_back(file.part);
  }
}

}  // namespace

model::Predicate Subject::predicate() const {
  return is_read_as_one(*plan) ? model::Predicate{} : first().view.unit.predicate;
}

model::Digest Subject::recorded() const {
  model::Digest sum;
  for (const auto& unit : units) sum += unit.view.digest;
  return sum;
}

Result<CurrentOutput> load_current_output(state::StateStore& store, const std::string& export_name) {
  CurrentOutput output{.run = TRY(newest_result(store, export_name)), .generation = 0, .subjects = {}, .plans = {}};
  const auto& prefix = output.run.prefix;
  output.generation = TRY(store.generation(export_name, prefix));
  TRY(plan_of(store, output.run.run_id, output));
  for (auto& unit : TRY(store.live_units(export_name, prefix))) {
    const auto* plan = TRY(plan_of(store, unit.run_id, output));
    subject_for(unit, *plan, output).units.push_back(std::move(unit));
  }
  if (output.subjects.empty()) {
    return fail(nothing_to_compare(export_name, fmt::format("run {} has no units", output.run.run_id)));
  }
  add_parts(TRY(store.live_parts(export_name, prefix)), output);
  return output;
}

}  // namespace rivet::verify
