// SPDX-License-Identifier: Apache-2.0
// The steps of a run in their order; each is one function, and the order is the durability contract.
#include "run/run_export.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/fault_point.hpp"
#include "base/peak_memory.hpp"
#include "plan/make_plan.hpp"
#include "run/accept.hpp"
#include "run/cleaned.hpp"
#include "inspect/drift.hpp"
#include "run/execute.hpp"
#include "run/gates.hpp"
#include "inspect/pinned.hpp"
#include "inspect/resolve.hpp"
#include "run/hold_run.hpp"
#include "run/lease_keeper.hpp"
#include "run/outcome.hpp"
#include "inspect/partitions.hpp"
#include "run/publish.hpp"
#include "run/unfinished.hpp"

namespace rivet::run {
namespace {

namespace journal = model::journal;

class ExportRun {
 public:
  ExportRun(const Environment& environment, const config::Config& config, const config::Export& entry,
            const RunOptions& options, const model::Plan* pinned = nullptr)
      : env_(environment),
        config_(config),
        entry_(entry),
        options_(options),
        pinned_(pinned),
        started_(std::chrono::steady_clock::now()),
        statements_before_(environment.statements == nullptr ? 0 : environment.statements->load()),
        outcome_(expected_outcome(config, entry, environment.clock.now())),
        hold_(environment, entry) {}

  report::RunOutcome run() {
    if (auto done = flow(); !done) fail_with(std::move(done).error());
    return finish();
  }

  /// The outcome of an export whose partitions could not be found.
  report::RunOutcome without_partitions(Error error) {
    fail_with(std::move(error));
    return finish();
  }

  /// The outcome of an export without any partition.
  report::RunOutcome nothing_to_partition() {
    outcome_.status = "skipped";
    outcome_.skip_reason = fmt::format("no row has a {}, and none has none", entry_.keys.partition_by);
    return finish();
  }

 private:
  Result<void> flow();
  Result<void> prepare();
  Result<bool> done_earlier();
  Result<OpenedDestination> open_destination() const;
  Result<void> look();
  Result<void> check_drift();
  Result<void> begin();
  Result<void> leave_to_holder();
  void tell_plan() const;
  Result<void> work();
  Result<void> check_gates(const GateCounts& counts);
  Result<void> check_shapes(const GateCounts& counts);
  state::RunSealed sealed_result() const;
  Result<void> seal_and_publish();
  Result<void> verify();
  Result<void> reconcile();
  Result<void> skip();
  void fail_with(Error error);
  /// Whether this process tells how the run ended.
  bool is_ours() const { return !hold_.joined() && !recorded_elsewhere_ && (!options_.join_only || hold_.held()); }
  bool is_left_behind(const Error& error) const;
  void release_run();
  void end_run(const Error& error, const std::string& status);
  void tell(const journal::Event& event) const;
  report::RunOutcome finish();

  const model::Plan& plan() const { return resolved_->plan; }

  const Environment& env_;
  const config::Config& config_;
  const config::Export& entry_;
  const RunOptions& options_;
  const model::Plan* const pinned_;  // null: the plan is made here
  const std::chrono::steady_clock::time_point started_;
  const std::int64_t statements_before_;

  report::RunOutcome outcome_;
  RunHold hold_;
  OpenedDestination opened_;
  std::unique_ptr<format::Format> format_;
  std::optional<inspect::Resolved> resolved_;  // with the session that holds a shared instant
  std::optional<journal::SchemaChanged> schema_change_;
  std::optional<Recorder> recorder_;
  bool sealed_ = false;              // its result is decided
  bool recorded_elsewhere_ = false;  // by the process that brings it to its end
};

Result<void> ExportRun::flow() {
  TRY(prepare());
  if (TRY(done_earlier())) return {};
  TRY(look());
  TRY(check_drift());
  TRY(begin());
  TRY(work());
  if (hold_.joined()) {
    if (!TRY(hold_.follow(opened_.place.prefix))) return leave_to_holder();
    TRY(work());  // what the dead process still held
  }
  auto counts = TRY(merged_gate_counts(TRY(env_.store.units(hold_.run_id()))));
  TRY(add_repeats_between_units(env_.store, hold_.run_id(), entry_.quality, counts));
  outcome_.rows = counts.rows;
  if (!model::is_repair(plan())) {  // what is asked of the whole output says nothing about a few of its units
    TRY(check_gates(counts));
    TRY(check_shapes(counts));
    if (entry_.skip_empty && counts.rows == 0) return skip();
  }
  TRY(seal_and_publish());
  TRY(verify());
  TRY(reconcile());
  outcome_.status = "success";
  return {};
}

Result<void> ExportRun::prepare() {
  TRY(plan::check_supported(entry_));
  if (!options_.resume) TRY(refuse_if_held(env_, entry_.name));
  opened_ = TRY(open_destination());
  TRY(finish_sealed_runs(env_, entry_.name, opened_.place.prefix));
  TRY(sweep_ended_runs(env_, entry_.name, opened_.place.prefix));
  outcome_.destination_uri = opened_.place.uri;
  format_ = TRY(env_.make_format(entry_));
  return {};
}

/// Whether an earlier process came to the end of this assignment before it died.
Result<bool> ExportRun::done_earlier() {
  if (options_.assignment == nullptr) return false;
  const auto run_id = TRY(options_.assignment->earlier_run(entry_.name));
  if (!run_id) return false;
  const auto run = TRY(env_.store.run(*run_id));
  const bool skipped = run && run->stage == state::RunStage::ended && run->status == "skipped";
  if (!run || (run->stage != state::RunStage::published && !skipped)) return false;
  outcome_.run_id = run->run_id;
  outcome_.generation = run->generation;
  outcome_.status = skipped ? "skipped" : "success";
  outcome_.skip_reason = skipped ? run->error : "";
  recorded_elsewhere_ = true;
  return true;
}

/// A planned run writes where its plan says, whatever day it is.
Result<OpenedDestination> ExportRun::open_destination() const {
  if (pinned_ == nullptr) return env_.open_destination(entry_, outcome_.started_at);
  return OpenedDestination{.destination = TRY(env_.open_prefix(pinned_->destination_kind, pinned_->prefix)),
                           .place = {.prefix = pinned_->prefix, .uri = pinned_->destination_uri}};
}

Result<void> ExportRun::look() {
  resolved_ = pinned_ == nullptr
                  ? TRY(inspect::resolve(env_.access(), config_, entry_, opened_.place, outcome_.started_at))
                  : TRY(inspect::resolve_pinned(env_.access(), entry_, *pinned_, outcome_.started_at));
  TRY(require_writable_columns(*format_, plan().columns));
  env_.progress.started(entry_.name, plan().row_estimate);
  return {};
}

Result<void> ExportRun::check_drift() {
  auto accepted = accept_schema(env_.store, entry_, plan(), schema_change_);
  if (!schema_change_) return accepted;
  outcome_.schema_changed = true;
  outcome_.schema_changes = journal::to_lines(*schema_change_);
  TRY(std::move(accepted));
  if (entry_.on_schema_drift == config::OnSchemaDrift::warn) {
    outcome_.warnings.push_back(schema_message(*schema_change_));
  }
  return {};
}

Result<void> ExportRun::begin() {
  auto acquired = hold_.acquire({.opened = opened_,
                                 .started_at = outcome_.started_at,
                                 .has_units = pinned_ != nullptr,
                                 .resume = options_.resume,
                                 .force = options_.force,
                                 .join_only = options_.join_only},
                                *resolved_);
  outcome_.took_over = hold_.took_over();
  TRY(std::move(acquired));
  outcome_.run_id = hold_.run_id();
  for (const auto& [rule, message] : plan().warnings) outcome_.plan_warnings.emplace_back(rule, message);
  if (options_.assignment != nullptr) TRY(options_.assignment->began(entry_.name, hold_.run_id()));
  recorder_.emplace(env_.store, env_.clock, env_.log, hold_.run_id(), entry_.name);
  if (!hold_.joined()) tell_plan();
  base::fault_point("run_started");
  return {};
}

/// The joined run was published by the process that held it.
Result<void> ExportRun::leave_to_holder() {
  outcome_.rows = hold_.rows_of_ours();
  outcome_.status = "success";
  return {};
}

void ExportRun::tell_plan() const {
  tell(journal::PlanResolved{
      .export_name = entry_.name,
      .base_query = entry_.relation.is_table() ? "SELECT * FROM " + model::display_name(entry_.relation)
                                               : env_.redactor.clean(entry_.relation.query),
      .strategy = plan().strategy,
      .format = plan().format,
      .compression = plan().compression,
      .destination_type = plan().destination_kind,
      .tuning_profile = entry_.tuning.profile,
      .batch_size = entry_.tuning.batch_size,
      .validate = options_.validate,
      .reconcile = options_.reconcile,
      .resume = outcome_.took_over,
      .chunk_key = plan().mode == "chunked" ? fmt::format("{}", fmt::join(plan().key, ", ")) : std::string(),
      .row_hash = plan().row_hash_covered.empty() ? std::nullopt : std::optional(std::string(batch::kRowHashRender)),
      .units = static_cast<std::int64_t>(plan().units.size()),
      .digest_version = model::kDigestVersion,
      .consistency = plan().consistency});
  for (const auto& [rule, message] : plan().warnings) tell(journal::PlanWarning{rule, message});
  if (schema_change_) tell(*schema_change_);
}

Result<void> ExportRun::work() {
  std::stop_source work;
  const std::stop_callback on_stop(env_.stop, [&work] { work.request_stop(); });
  const LeaseKeeper lease(
      env_.store, env_.clock,
      {.run_id = hold_.run_id(), .owner = hold_.owner(), .lease = env_.lease, .joined = hold_.joined()}, work);
  std::optional<RecentRows> recent;
  if (plan().incremental) recent = TRY(RecentRows::load(env_.store, plan()));
  const HeldRun held{.environment = env_,
                     .entry = entry_,
                     .plan = plan(),
                     .destination = *opened_.destination,
                     .format = *format_,
                     .meta_columns = resolved_->meta_columns,
                     .recorder = *recorder_,
                     .recent = recent ? &*recent : nullptr,
                     .run_id = hold_.run_id(),
                     .nonce = hold_.nonce(),
                     .owner = hold_.owner(),
                     .shares = hold_.joined()};
  const auto counts = TRY(execute(held, work.get_token()));
  outcome_.retries = counts.retries;
  outcome_.bytes_read = counts.bytes_read;
  return {};
}

Result<void> ExportRun::check_gates(const GateCounts& counts) {
  std::string failures;
  for (const auto& [fails, message] : judge(entry_.quality, counts)) {
    tell(journal::QualityIssue{.severity = fails ? "FAIL" : "WARN", .message = message});
    if (fails) failures += (failures.empty() ? "" : "; ") + message;
    if (!fails) outcome_.warnings.push_back(message);
  }
  if (failures.empty()) return {};
  return fail(ErrorKind::data, "quality: " + failures, "nothing was published; the last good output stands");
}

Result<void> ExportRun::check_shapes(const GateCounts& counts) {
  const auto before = TRY(env_.store.shapes(entry_.name));
  for (auto& message : inspect::compare_shapes(before, counts.longest, entry_.shape_drift_warn_factor)) {
    tell(journal::PlanWarning{"shape_drift", message});
    outcome_.warnings.push_back(std::move(message));
  }
  return {};
}

/// An incremental run adds to what the runs before it left, unless it is the first.
state::RunSealed ExportRun::sealed_result() const {
  state::RunSealed sealed{.run_id = hold_.run_id(), .owner = hold_.owner(), .at = env_.clock.now()};
  if (model::is_repair(plan())) {
    sealed.append = true;
    return sealed;
  }
  if (const auto& incremental = plan().incremental) {
    sealed.append = incremental->since.has_value();
    sealed.position = incremental->until;
    // When only the newest of its rows are remembered, those of earlier runs would leave a gap before them.
    const bool forgets = incremental->remember_from > incremental->again_units;
    sealed.recent_limit = forgets ? 1 : incremental->lookback;
  }
  return sealed;
}

Result<void> ExportRun::seal_and_publish() {
  base::fault_point("before_seal");
  TRY(env_.store.apply(sealed_result()));
  sealed_ = true;
  base::fault_point("sealed");
  const auto run = TRY(env_.store.run(hold_.run_id()));
  if (!run) return fail(ErrorKind::internal, "the sealed run is not in the store");
  outcome_.generation = run->generation;
  TRY(publish(env_.store, *opened_.destination, *run, env_.clock).context("publishing"));
  base::fault_point("published");
  outcome_.manifest_ok = opened_.destination->capabilities().can_list;
  return {};
}

Result<void> ExportRun::verify() {
  if (!options_.validate || !env_.verify) return {};
  if (!opened_.destination->capabilities().can_list) {
    outcome_.warnings.push_back("validation: what went to stdout cannot be read back");
    return {};
  }
  const auto verdict = TRY(env_.verify(*opened_.destination, entry_).context("validating"));
  outcome_.validated = verdict.passed();
  tell(journal::ValidationResult{.passed = verdict.passed()});
  if (verdict.passed()) return {};
  std::string first;
  for (const auto& finding : verdict.findings) {
    if (first.empty() && !model::is_advisory(finding.kind)) {
      first = fmt::format("{} {} {}", model::name_of(finding.kind), finding.key, finding.detail);
    }
  }
  return fail(ErrorKind::data, fmt::format("validation failed: {} part(s), first: {}", verdict.parts_failed, first),
              "rivet validate shows every finding");
}

Result<void> ExportRun::reconcile() {
  if (!options_.reconcile || !env_.reconcile) return {};
  if (!opened_.destination->capabilities().can_list) {
    outcome_.warnings.push_back("reconciliation: what went to stdout cannot be read back");
    return {};
  }
  const auto result = TRY(env_.reconcile(entry_).context("reconciling"));
  outcome_.reconciliation = result;
  tell(result);
  if (result.matched) return {};
  return fail(
      Error{.kind = ErrorKind::data,
            .message = fmt::format("the source has {} rows for the {} that were exported", result.source_count,
                                   result.exported_rows),
            .code = "RIVET_RECONCILE_MISMATCH",
            .hint = "rivet reconcile --depth content tells which rows differ, and whether they are lost or new"});
}

Result<void> ExportRun::skip() {
  outcome_.status = "skipped";
  outcome_.skip_reason = "0 rows and skip_empty is set";
  TRY(env_.store.apply(state::RunEnded{
      .run_id = hold_.run_id(), .owner = hold_.owner(), .status = "skipped", .error = "", .at = env_.clock.now()}));
  hold_.let_go();
  return {};
}

void ExportRun::fail_with(Error error) {
  error = cleaned(std::move(error), env_.redactor);
  const bool interrupted = error.kind == ErrorKind::cancelled && (env_.stop.stop_requested() || error.code == kDrained);
  if (error.kind == ErrorKind::cancelled && !interrupted) {
    error = Error{.kind = ErrorKind::conflict,
                  .message = fmt::format("run {} was taken over by another process", hold_.run_id()),
                  .code = "RIVET_RUN_LOST"};
    hold_.let_go();
  }
  outcome_.status = interrupted ? "interrupted" : "failed";
  if (hold_.held() && !sealed_) is_left_behind(error) ? release_run() : end_run(error, outcome_.status);
  if (sealed_ && !outcome_.manifest_ok) {
    outcome_.resumable = true;
    outcome_.resume_command = options_.rerun_command;
    error.hint = "the result is decided and stored: the next rivet run finishes publishing it";
  }
  outcome_.error = std::move(error);
}

bool ExportRun::is_left_behind(const Error& error) const {
  if (options_.assignment == nullptr) return false;
  if (error.code == kDrained || error.code == kClaimLost) return true;
  return error.kind == ErrorKind::cancelled && options_.assignment->leaves_behind();
}

/// Others go on with it at once, and keep all completed units.
void ExportRun::release_run() {
  const auto released =
      env_.store.apply(state::RunReleased{.run_id = hold_.run_id(), .owner = hold_.owner(), .at = env_.clock.now()});
  if (!released) env_.log.warn("leaving run {} to others: {}", hold_.run_id(), released.error().to_string());
  hold_.let_go();
  recorded_elsewhere_ = true;
}

/// Nothing of a run without a result may stay in the readers' way.
void ExportRun::end_run(const Error& error, const std::string& status) {
  auto ended = env_.store.apply(state::RunEnded{.run_id = hold_.run_id(),
                                                .owner = hold_.owner(),
                                                .status = status,
                                                .error = error.to_string(),
                                                .at = env_.clock.now()});
  if (ended) ended = sweep_ended_runs(env_, entry_.name, opened_.place.prefix);
  if (ended) {
    const auto run = env_.store.run(hold_.run_id());
    if (run && *run) ended = record_failure(*opened_.destination, **run, status, env_.clock);
  }
  if (!ended) env_.log.warn("closing run {}: {}", hold_.run_id(), ended.error().to_string());
  outcome_.rows = 0;
}

void ExportRun::tell(const journal::Event& event) const { recorder_->record(event); }

report::RunOutcome ExportRun::finish() {
  outcome_.finished_at = env_.clock.now();
  outcome_.duration_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_).count();
  outcome_.peak_rss_mb = base::peak_rss_mb();
  if (env_.statements != nullptr) outcome_.statements = env_.statements->load() - statements_before_;
  if (resolved_) outcome_.prediction = plan().prediction;
  add_what_is_stored(env_.store, hold_.run_id(), sealed_, outcome_);
  if (recorder_ && is_ours()) {
    std::optional<std::string> message;
    if (outcome_.error) message = outcome_.error->to_string();
    tell(journal::RunCompleted{
        .status = outcome_.status, .error_message = message, .duration_ms = outcome_.duration_ms});
  }
  if (is_ours()) {  // the run has one row, which its own process writes
    record_metrics(env_, entry_, resolved_ ? &plan() : nullptr, outcome_, sealed_);
  }
  base::fault_point("metrics_recorded");
  env_.progress.finished(outcome_);
  return std::move(outcome_);
}

report::RunOutcome told(report::RunOutcome outcome, const OutcomeListener& done) {
  done(outcome);
  return outcome;
}

}  // namespace

std::vector<report::RunOutcome> run_export(const Environment& environment, const config::Config& config,
                                           const config::Export& entry, const RunOptions& options,
                                           const OutcomeListener& done) {
  auto parts = inspect::expand_partitions(environment.access(), entry);
  if (!parts) {
    return {told(ExportRun(environment, config, entry, options).without_partitions(std::move(parts).error()), done)};
  }
  if (parts->empty()) return {told(ExportRun(environment, config, entry, options).nothing_to_partition(), done)};
  std::vector<report::RunOutcome> outcomes;
  for (const auto& part : *parts) {
    if (environment.stop.stop_requested() && !outcomes.empty()) break;
    environment.progress.started(part.name, std::nullopt);  // connecting and describing may take long
    outcomes.push_back(told(ExportRun(environment, config, part, options).run(), done));
  }
  return outcomes;
}

std::vector<report::RunOutcome> run_planned(const Environment& environment, const config::Config& config,
                                            const std::vector<PlannedExport>& planned, const RunOptions& options,
                                            const OutcomeListener& done) {
  std::vector<report::RunOutcome> outcomes;
  for (const auto& [entry, plan] : planned) {
    if (environment.stop.stop_requested() && !outcomes.empty()) break;
    environment.progress.started(entry.name, plan.row_estimate);
    outcomes.push_back(told(ExportRun(environment, config, entry, options, &plan).run(), done));
  }
  return outcomes;
}

}  // namespace rivet::run
