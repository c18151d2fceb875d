// SPDX-License-Identifier: Apache-2.0
// Partitions are exports of their own; their comparisons are told as one.
#include "cli/reconciling.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/configuration.hpp"
#include "cli/registry.hpp"
#include "plan/partitions.hpp"
#include "report/comparison_progress.hpp"
#include "report/progress.hpp"
#include "run/execute.hpp"
#include "run/unfinished.hpp"
#include "verify/reconcile.hpp"

namespace rivet::cli {
namespace {

verify::ReconcileRequest request_for(const config::Export& entry, model::ReconcileDepth depth,
                                     std::int64_t max_differences, const Context& context) {
  const auto& tuning = entry.tuning;
  source::BatchLimits limits;
  if (tuning.max_value_mb > 0) limits.value_bytes = tuning.max_value_mb << 20;
  return {.export_name = entry.name,
          .relation = entry.relation,
          .overrides = entry.columns,
          .shown_query = context.redactor.clean(entry.relation.query),
          .depth = depth,
          .max_differences = max_differences,
          .parallel = static_cast<int>(entry.keys.parallel),
          .max_attempts = run::max_attempts(entry),
          .retry_backoff = std::chrono::milliseconds(tuning.retry_backoff_ms),
          .session = {.statement_timeout = std::chrono::seconds(tuning.statement_timeout_s),
                      .lock_timeout = std::chrono::seconds(tuning.lock_timeout_s)},
          .limits = limits};
}

verify::ReconcileAccess access_for(const source::Source& source, state::StateStore& store, Context& context) {
  return {.source = source,
          .store = store,
          .clock = context.clock,
          .stop = context.stop,
          .open_prefix = open_prefix,
          .make_format = make_reading_format,
          .note = [&context](const std::string& message) { context.screen.print(message); },
          .progress = {}};
}

void append(model::Reconciliation more, model::Reconciliation& all) {
  if (all.units.empty()) {
    const auto name = all.export_name;
    all = std::move(more);
    all.export_name = name;
    return;
  }
  std::move(more.units.begin(), more.units.end(), std::back_inserter(all.units));
  std::move(more.warnings.begin(), more.warnings.end(), std::back_inserter(all.warnings));
  all.verified = all.verified && more.verified;
  all.evidence = all.evidence && more.evidence;
  all.finished_at = more.finished_at;
}

Result<void> require_state(const std::string& config_file, const config::Config& config, const std::string& name) {
  if (store_exists(config.file.parent_path())) return {};
  return fail(
      Error{.kind = ErrorKind::config,
            .message = fmt::format("there is no state beside {}: nothing was exported yet", config_file),
            .code = "RIVET_NOTHING_TO_RECONCILE",
            .hint = fmt::format("run it first: rivet run -c {} -e {}", shell_quoted(config_file), shell_quoted(name))});
}

}  // namespace

Result<OpenedExport> open_export(const std::string& config_file, const std::vector<std::string>& params,
                                 const std::string& name, Context& context) {
  OpenedExport opened;
  opened.config_file = config_file;
  opened.config = TRY(load_configuration(config_file, params, context));
  opened.entry = TRY(select_exports(opened.config, {name})).front();
  TRY(require_state(config_file, opened.config, name));
  opened.source = TRY(make_source(opened.config.source, context.clock));
  opened.store = TRY(open_store(opened.config.file.parent_path()));
  return opened;
}

Result<std::vector<config::Export>> exported_entries(const config::Export& entry, state::StateStore& store) {
  if (entry.keys.partition_by.empty()) return std::vector{entry};
  std::vector<config::Export> found;
  for (const auto& name : TRY(store.known_exports())) {
    if (auto partition = plan::partition_of(entry, name)) found.push_back(std::move(*partition));
  }
  if (!found.empty()) return found;
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("no partition of export '{}' was exported", entry.name),
                    .code = "RIVET_NOTHING_TO_RECONCILE",
                    .hint = fmt::format("run it first: rivet run -c FILE -e {}", entry.name)});
}

Result<void> finish_publishing(const OpenedExport& opened, const config::Export& entry, Context& context) {
  report::SilentProgress progress;
  base::ByteBudget budget(1);
  const RunArguments args{.config = opened.config_file};
  const RunJob job{args, opened.config, *opened.source, *opened.store, progress, context, budget};
  std::atomic<std::int64_t> statements{0};
  return run::finish_sealed_runs(environment_for(job, statements, context.stop), entry.name,
                                 place_of(entry, context.clock.now()).prefix);
}

Result<model::Reconciliation> reconcile_export(const OpenedExport& opened, const ReconcileOptions& options,
                                               Context& context) {
  report::ComparisonProgress shown(context.screen);
  auto access = access_for(*opened.source, *opened.store, context);
  access.progress = [&shown](const model::UnitReconciliation& unit, std::size_t done, std::size_t of) {
    shown.compared(unit.match, done, of);
  };
  model::Reconciliation all{.export_name = opened.entry->name};
  for (const auto& entry : TRY(exported_entries(*opened.entry, *opened.store))) {
    shown.started(entry.name);
    TRY(finish_publishing(opened, entry, context));
    append(TRY(verify::reconcile(access, request_for(entry, options.depth, options.max_differences, context))
                   .context(fmt::format("reconciling export '{}'", entry.name))),
           all);
  }
  return all;
}

Result<model::journal::ReconciliationResult> count_against_source(const RunJob& job, const config::Export& entry) {
  const auto result =
      TRY(verify::reconcile(access_for(job.source, job.store, job.context),
                            request_for(entry, model::ReconcileDepth::count, /*max_differences=*/0, job.context)));
  return model::journal::ReconciliationResult{.source_count = result.source_rows(),
                                              .exported_rows = result.recorded_rows(),
                                              .matched = result.count(model::UnitMatch::mismatch) == 0};
}

}  // namespace rivet::cli
