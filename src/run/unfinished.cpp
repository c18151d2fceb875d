// SPDX-License-Identifier: Apache-2.0
// Finds runs that died and finishes, publishes or closes them.
#include "run/unfinished.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/fault_point.hpp"
#include "run/landed_parts.hpp"
#include "run/owner.hpp"
#include "run/part_names.hpp"
#include "run/publish.hpp"
#include "run/quarantine.hpp"

namespace rivet::run {
namespace {

Error in_progress(const state::RunView& run) {
  return {.kind = ErrorKind::conflict,
          .message = fmt::format("run {} of export '{}' is in progress since {}", run.run_id, run.export_name,
                                 base::to_display(run.started_at)),
          .code = "RIVET_RUN_IN_PROGRESS",
          .hint = fmt::format(
              "wait for it to end, or join it with --resume; if its machine is gone, its lease runs out at {}",
              base::to_display(run.lease_until))};
}

/// Ends a dead run that no plan will go on with.
Result<void> set_aside(const Environment& environment, const state::RunView& run, const std::string& owner) {
  TRY(hold(environment, run, owner));
  TRY(environment.store.apply(state::RunEnded{.run_id = run.run_id,
                                              .owner = owner,
                                              .status = "interrupted",
                                              .error = "its process died; a later run had another plan",
                                              .at = environment.clock.now()}));
  return sweep_ended_runs(environment, run.export_name, run.prefix);
}

Result<void> sweep_ended_run(const Environment& environment, const state::RunView& run) {
  const auto plan = TRY(model::plan_from_json_text(run.plan_json));
  const auto destination = TRY(environment.open_prefix(plan.destination_kind, run.prefix));
  TRY(quarantine(*destination, run_stem(run.run_id, run.export_name, run.nonce), {}, run.run_id));
  return environment.store.apply(state::RunSwept{run.run_id});
}

Result<std::vector<DamagedUnit>> look_at_parts(const Environment& environment, const state::RunView& run,
                                               const model::Plan& plan, bool content) {
  const auto destination = TRY(environment.open_prefix(plan.destination_kind, run.prefix));
  return damaged_units(environment.store, *destination, run.run_id, content);
}

Result<void> reopen(const Environment& environment, const state::RunView& run, const std::string& owner,
                    const std::vector<DamagedUnit>& damaged) {
  for (const auto& unit : damaged) {
    TRY(environment.store.apply(state::UnitReopened{.run_id = run.run_id,
                                                    .unit_index = unit.index,
                                                    .owner = owner,
                                                    .reason = unit.what,
                                                    .at = environment.clock.now()}));
    environment.progress.note(run.export_name, fmt::format("reading unit {} again: {}", unit.index, unit.what));
  }
  return {};
}

Result<void> finish_sealed_run(const Environment& environment, const state::RunView& run) {
  const auto plan = TRY(model::plan_from_json_text(run.plan_json));
  const auto destination = TRY(environment.open_prefix(plan.destination_kind, run.prefix));
  TRY(publish(environment.store, *destination, run, environment.clock)
          .context(fmt::format("finishing to publish run {}", run.run_id)));
  environment.progress.note(run.export_name, fmt::format("published run {}, which had been sealed before", run.run_id));
  return {};
}

/// Whether the run's remaining units can still be read as of the instant of the others.
Result<bool> can_go_on(const Environment& environment, const state::RunView& run, const model::Plan& plan,
                       const std::vector<DamagedUnit>& damaged) {
  if (plan.snapshot.empty()) return true;
  if (!damaged.empty()) return false;
  const auto units = TRY(environment.store.units(run.run_id));
  return std::all_of(units.begin(), units.end(),
                     [](const auto& unit) { return unit.status == model::UnitStatus::completed; });
}

}  // namespace

bool is_held(const state::RunView& run, base::Timestamp now) {
  return run.lease_until > now && !is_certainly_dead(run.owner);
}

Result<void> hold(const Environment& environment, const state::RunView& run, const std::string& owner) {
  const auto now = environment.clock.now();
  return environment.store.apply(state::RunTakenOver{.run_id = run.run_id,
                                                     .owner = owner,
                                                     .previous_owner = run.owner,
                                                     .at = now,
                                                     .lease_until = now + environment.lease});
}

Result<std::optional<state::RunView>> find_living(const Environment& environment, const model::Plan& plan) {
  for (auto& run : TRY(environment.store.unfinished_runs(plan.export_name))) {
    const bool same = run.plan_hash == plan.fingerprint && run.prefix == plan.prefix;
    if (same && run.stage == state::RunStage::running && is_held(run, environment.clock.now())) return std::move(run);
  }
  return std::nullopt;
}

Result<void> finish_sealed_runs(const Environment& environment, const std::string& export_name,
                                const std::string& prefix) {
  for (const auto& run : TRY(environment.store.unfinished_runs(export_name))) {
    if (run.stage != state::RunStage::sealed || is_held(run, environment.clock.now())) continue;
    auto finished = finish_sealed_run(environment, run);
    if (!finished && run.prefix == prefix) return finished;
    if (!finished) environment.log.warn("run {} stays unpublished: {}", run.run_id, finished.error().to_string());
  }
  return {};
}

Result<void> sweep_ended_runs(const Environment& environment, const std::string& export_name,
                              const std::string& prefix) {
  for (const auto& run : TRY(environment.store.unswept_runs(export_name))) {
    base::fault_point("run_ended");
    auto swept = sweep_ended_run(environment, run);
    if (!swept && run.prefix == prefix) return swept;
    if (!swept) environment.log.warn("files of run {} stay where they are: {}", run.run_id, swept.error().to_string());
  }
  return {};
}

Result<void> refuse_if_held(const Environment& environment, const std::string& export_name) {
  for (const auto& run : TRY(environment.store.unfinished_runs(export_name))) {
    if (is_held(run, environment.clock.now())) return fail(in_progress(run));
  }
  return {};
}

Result<std::optional<state::RunView>> take_over(const Environment& environment, const model::Plan& plan,
                                                const std::string& owner, bool check_content) {
  std::optional<state::RunView> taken;
  for (auto& run : TRY(environment.store.unfinished_runs(plan.export_name))) {
    if (run.stage != state::RunStage::running) continue;
    if (is_held(run, environment.clock.now())) return fail(in_progress(run));  // begun while we were planning
    const bool same = run.plan_hash == plan.fingerprint && run.prefix == plan.prefix;
    if (taken || !same) {
      TRY(set_aside(environment, run, owner));
      continue;
    }
    const auto stored = TRY(model::plan_from_json_text(run.plan_json));
    const auto damaged = TRY(look_at_parts(environment, run, stored, check_content));
    if (!TRY(can_go_on(environment, run, stored, damaged))) {
      TRY(set_aside(environment, run, owner));
      continue;
    }
    TRY(hold(environment, run, owner));
    TRY(reopen(environment, run, owner, damaged));
    run.owner = owner;
    taken = std::move(run);
  }
  return taken;
}

}  // namespace rivet::run
