// SPDX-License-Identifier: Apache-2.0
// The store decides between processes that want the same run; whoever comes second starts again from what it says.
#include "run/hold_run.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "inspect/preflight.hpp"
#include "model/manifest.hpp"
#include "run/accept.hpp"
#include "run/execute.hpp"
#include "run/outcome.hpp"
#include "run/owner.hpp"
#include "run/pacing.hpp"
#include "run/unfinished.hpp"
#include "source/retry.hpp"

namespace rivet::run {
namespace {

constexpr std::chrono::milliseconds kLookAgain{250};

}  // namespace

RunHold::RunHold(const Environment& environment, const config::Export& entry)
    : env_(environment), entry_(entry), owner_(make_owner()) {}

Result<void> RunHold::acquire(const RunWanted& wanted, inspect::Resolved& resolved) {
  if (wanted.resume) TRY(join_living(resolved));
  if (joined_) return {};
  if (wanted.join_only) {
    return fail(ErrorKind::conflict, fmt::format("no living process works on a run of export '{}'", entry_.name));
  }
  TRY(require_no_result(wanted, resolved.plan));
  if (TRY(take_over_dead(resolved))) return {};
  if (wanted.resume && !wanted.force) {
    return fail(ErrorKind::config,
                fmt::format("export '{}' has no unfinished run of this configuration to resume", entry_.name),
                "run without --resume");
  }
  TRY(require_same_format(env_.store, resolved.plan));
  TRY(cut(wanted, resolved));
  return start(wanted.started_at, resolved.plan);
}

/// `--resume` while a living process works on the run of the same plan: its units are shared.
Result<void> RunHold::join_living(inspect::Resolved& resolved) {
  const auto run = TRY(find_living(env_, resolved.plan));
  if (!run) return {};
  TRY(adopt(*run, resolved));
  joined_ = true;
  env_.progress.note(entry_.name, fmt::format("joining run {}, which another process began", run_id_));
  return {};
}

/// What `--resume` would replace with an older run's result is not replaced unasked (M8).
Result<void> RunHold::require_no_result(const RunWanted& wanted, const model::Plan& plan) const {
  const auto& there = *wanted.opened.destination;
  if (!wanted.resume || wanted.force || !there.capabilities().can_list) return {};
  if (plan.incremental && plan.incremental->since) return {};  // adds to it
  const auto key = model::success_key(entry_.name);
  if (!TRY(destination::read_text(there, key, model::kSuccessLimitBytes))) return {};
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("{} stands at {}: a complete result is there", key, wanted.opened.place.uri),
                    .code = "RIVET_RESULT_STANDS",
                    .hint = "run without --resume for a new result, or with --resume --force to go on all the same"});
}

Result<bool> RunHold::take_over_dead(inspect::Resolved& resolved) {
  const auto dead = TRY(take_over(env_, resolved.plan, owner_, entry_.verify == config::Verify::content));
  if (!dead) return false;
  took_over_ = true;
  held_ = true;
  TRY(adopt(*dead, resolved));
  env_.progress.note(entry_.name, fmt::format("going on with run {}, whose process died", run_id_));
  return true;
}

/// Goes on with a run as its first process would have: under its id, its names and its time.
Result<void> RunHold::adopt(const state::RunView& run, inspect::Resolved& resolved) {
  run_id_ = run.run_id;
  nonce_ = run.nonce;
  resolved.session.reset();
  resolved.meta_columns = TRY(inspect::make_meta_columns(entry_, resolved.plan.source_columns, run.started_at));
  auto stored = TRY(model::plan_from_json_text(run.plan_json));
  stored.relation = resolved.plan.relation;  // the stored text may have lost a secret
  resolved.plan = std::move(stored);
  return {};
}

Result<void> RunHold::cut(const RunWanted& wanted, inspect::Resolved& resolved) const {
  if (!wanted.has_units) {
    TRY(inspect::cut_into_units(env_.access(), inspect::Purpose::run, resolved));
    inspect::add_prediction(env_.access(), entry_, resolved);
    warn_about_pacing(entry_.tuning, resolved.plan);
  }
  if (resolved.plan.snapshot.empty()) resolved.session.reset();  // nobody reads an instant that it holds
  return {};
}

Result<void> RunHold::start(base::Timestamp at, const model::Plan& plan) {
  nonce_ = make_nonce();
  auto shown_plan = plan;  // the store must not hold secrets; nobody runs a query from there
  shown_plan.relation.query = env_.redactor.clean(plan.relation.query);
  for (;; at += std::chrono::milliseconds(1)) {
    run_id_ = first_run_id(entry_.name, at);
    const auto now = env_.clock.now();
    auto started = env_.store.apply(state::RunStarted{.run_id = run_id_,
                                                      .export_name = entry_.name,
                                                      .prefix = plan.prefix,
                                                      .plan_hash = plan.fingerprint,
                                                      .plan_json = model::to_json_text(shown_plan),
                                                      .mode = plan.mode,
                                                      .nonce = nonce_,
                                                      .owner = owner_,
                                                      .at = now,
                                                      .lease_until = now + env_.lease,
                                                      .max_attempts = max_attempts(entry_),
                                                      .units = plan.units,
                                                      .format = plan.format,
                                                      .compression = plan.compression});
    if (started) break;
    if (started.error().code == state::kRunIdTaken) continue;
    TRY(refuse_if_held(env_, entry_.name));  // another process was quicker
    return started;
  }
  held_ = true;
  return {};
}

/// The run's own process publishes it; when that one dies we are its heir.
Result<bool> RunHold::follow(const std::string& prefix) {
  for (;;) {
    const auto run = TRY(env_.store.run(run_id_));
    if (!run) return fail(ErrorKind::internal, "the joined run is not in the store");
    if (run->stage == state::RunStage::published) return false;
    if (run->stage == state::RunStage::ended) {
      return fail(Error{.kind = ErrorKind::conflict,
                        .message = fmt::format("the joined run {} ended as {}: {}", run_id_, run->status, run->error),
                        .code = "RIVET_RUN_LOST"});
    }
    if (env_.drain.stop_requested()) return fail(drained());
    if (is_held(*run, env_.clock.now())) {
      if (!source::sleep_for(kLookAgain, env_.stop)) return fail(ErrorKind::cancelled, "interrupted");
    } else if (run->stage != state::RunStage::running) {
      TRY(finish_sealed_runs(env_, entry_.name, prefix));
    } else if (TRY(inherit(*run))) {
      return true;
    }
  }
}

/// False when another heir was quicker.
Result<bool> RunHold::inherit(const state::RunView& run) {
  auto taken = hold(env_, run, owner_);
  if (!taken && taken.error().kind == ErrorKind::conflict) return false;
  TRY(std::move(taken));
  joined_ = false;
  held_ = true;
  return true;
}

std::int64_t RunHold::rows_of_ours() const {
  std::int64_t rows = 0;
  if (const auto units = env_.store.units(run_id_)) {
    for (const auto& unit : *units) rows += unit.owner == owner_ ? unit.rows : 0;
  }
  return rows;
}

}  // namespace rivet::run
