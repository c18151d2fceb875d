// SPDX-License-Identifier: Apache-2.0
// The questions are few and short: a production server answers them while it works.
#include "inspect/resolve.hpp"

#include <utility>

#include "plan/delta.hpp"
#include "plan/keys.hpp"
#include "inspect/remembered.hpp"

namespace rivet::inspect {
namespace {

using Shape = plan::Strategy::Shape;

constexpr std::int64_t kRunsLookedAt = 20;

Result<plan::Circumstances> circumstances(const Access& access, const std::string& export_name, base::Timestamp now) {
  const auto engine = access.source.capabilities();
  return plan::Circumstances{.shared_snapshot = engine.shared_snapshot,
                             .pages = engine.pages,
                             .row_versions = engine.row_versions,
                             .since = TRY(access.store.position(export_name)),
                             .now = now};
}

Result<std::vector<plan::PastRun>> past_runs(state::StateStore& store, const std::string& export_name) {
  std::vector<plan::PastRun> out;
  for (const auto& run : TRY(store.metrics({.export_name = export_name, .limit = kRunsLookedAt}))) {
    out.push_back({.at = run.run_at,
                   .succeeded = run.status == "success",
                   .rows = run.total_rows,
                   .bytes_written = run.bytes_written,
                   .duration_ms = run.duration_ms,
                   .retries = run.retries,
                   .peak_rss_mb = run.peak_rss_mb,
                   .mode = run.mode,
                   .format = run.format});
  }
  return out;
}

struct Choice {
  plan::Strategy strategy;
  plan::KeyFacts facts;
};

/// Pages are only known to be there when they have been counted: a view or a partitioned table has none.
Result<Choice> choose(source::Session& session, const config::Export& entry, const model::Inventory& inventory,
                      plan::Circumstances told) {
  Choice choice{.strategy = TRY(plan::choose_strategy(entry, inventory, told)), .facts = {}};
  if (choice.strategy.shape != Shape::pages) return choice;
  auto pages = session.page_count(entry.relation);
  if (pages) {
    choice.facts.pages = *pages;
    return choice;
  }
  if (pages.error().kind != ErrorKind::config) return fail(std::move(pages).error());
  told.pages = false;
  choice.strategy = TRY(plan::choose_strategy(entry, inventory, told));
  return choice;
}

/// As far back as the remembered rows of earlier runs reach: what lies behind it can be told from what is new.
/// Nothing when that is every row.
Result<std::optional<model::KeyValues>> remembered_floor(const Remembered& remembered, const model::Position& since) {
  auto floor = std::optional(model::to_json_text(since.cursor));
  for (const auto& group : remembered.groups) {
    if (!group.of_null) floor = group.after;  // the newest come first
  }
  if (!floor || since.cursor.empty()) return std::optional<model::KeyValues>();
  return std::optional(TRY(model::key_values_from_json_text(*floor)));
}

/// What earlier runs remember decides from where rows are read again. It does so too when they cannot be recognised:
/// better twice than never.
Result<void> look_at_remembered(const Access& access, Resolved& resolved) {
  const auto& incremental = *resolved.strategy.incremental;
  if (!incremental.since) return {};
  auto& plan = resolved.plan;
  const auto identity = TRY(batch::RowIdentity::make(plan.source_columns, incremental.identity));
  const auto remembered = TRY(load_remembered(access.store, plan.export_name, identity));
  if (auto warning = warn_of_strangers(remembered, incremental)) plan.warnings.push_back(std::move(*warning));
  if (!plan::looks_back_to_floor(resolved.strategy)) return {};
  resolved.facts.floor = TRY(remembered_floor(remembered, *incremental.since));
  return {};
}

/// The horizon comes first: every version below it is then seen by all that is read later.
Result<void> look_at_delta(const Access& access, Resolved& resolved) {
  auto& [session, meta_columns, strategy, facts, inventory, plan, history] = resolved;
  const auto& incremental = *strategy.incremental;
  if (incremental.versions) {
    facts.horizon = TRY(session->horizon());
    TRY(plan::check_horizon(incremental, *facts.horizon));
  }
  TRY(look_at_remembered(access, resolved));
  const auto relation = plan::new_rows_of(plan.relation, incremental);
  facts.extent = TRY(session->key_extent(relation, incremental.cursor));
  if (!facts.extent.last) return {};
  facts.new_rows = TRY(session->row_estimate(relation)).value_or(0);
  const auto parts = plan::ceil_div(facts.new_rows, strategy.step);
  if (parts < 2) return {};
  facts.split_points =
      TRY(session->split_points(relation, incremental.cursor, static_cast<int>(std::min(parts, plan::kMaxUnits))));
  return {};
}

}  // namespace

source::SessionOptions probe_options(const Access& access, const config::Export& entry) {
  return {.statement_timeout = std::chrono::seconds(entry.tuning.statement_timeout_s),
          .lock_timeout = std::chrono::seconds(entry.tuning.lock_timeout_s),
          .statements = access.statements};
}

Result<batch::MetaColumns> make_meta_columns(const config::Export& entry, const model::Columns& source_columns,
                                             base::Timestamp started_at) {
  return batch::MetaColumns::make(source_columns,
                                  {.exported_at = entry.meta_columns.exported_at,
                                   .row_hash = entry.meta_columns.row_hash,
                                   .row_hash_columns = entry.meta_columns.row_hash_columns},
                                  started_at);
}

Result<Resolved> resolve(const Access& access, const config::Config& config, const config::Export& entry,
                         const Place& place, base::Timestamp started_at) {
  auto session = TRY(access.source.open(probe_options(access, entry), access.stop));
  auto inventory = TRY(session->describe(entry.relation, entry.columns));
  TRY(plan::check_quality(entry.quality, inventory.columns));
  auto meta_columns = TRY(make_meta_columns(entry, inventory.columns, started_at));
  auto [strategy, facts] = TRY(choose(*session, entry, inventory, TRY(circumstances(access, entry.name, started_at))));
  auto plan = plan::make_plan(config, entry, inventory, strategy,
                              {.source_id = TRY(session->source_id()),
                               .prefix = place.prefix,
                               .uri = place.uri,
                               .columns = meta_columns.columns(),
                               .row_hash_covered = meta_columns.row_hash_covered()});
  auto history = TRY(past_runs(access.store, entry.name));
  return Resolved{.session = std::move(session),
                  .meta_columns = std::move(meta_columns),
                  .strategy = std::move(strategy),
                  .facts = std::move(facts),
                  .inventory = std::move(inventory),
                  .plan = std::move(plan),
                  .history = std::move(history)};
}

Result<void> cut_into_units(const Access& access, Purpose purpose, Resolved& resolved) {
  auto& [session, meta_columns, strategy, facts, inventory, plan, history] = resolved;
  if (strategy.shared_snapshot && purpose == Purpose::run) plan.snapshot = TRY(session->share_snapshot());
  // Asked again within the instant: the lock that comes with it keeps the table from being rewritten meanwhile.
  if (strategy.shape == Shape::pages) facts.pages = TRY(session->page_count(plan.relation));
  if (strategy.shape == Shape::delta) {
    TRY(look_at_delta(access, resolved));
  } else if (!strategy.key.empty() && strategy.shape != Shape::row_numbers) {
    facts.extent = TRY(session->key_extent(plan.relation, strategy.key));
  }
  if ((strategy.shape == Shape::key_ranges || strategy.shape == Shape::window) && strategy.units > 1) {
    facts.split_points = TRY(session->split_points(plan.relation, strategy.key,
                                                   static_cast<int>(std::min(strategy.units, plan::kMaxUnits))));
  }
  if (strategy.shape == Shape::row_numbers) {
    const bool estimate = purpose == Purpose::look && plan.row_estimate;
    facts.rows = estimate ? *plan.row_estimate : TRY(session->row_count(plan.relation));
  }
  return plan::add_units(strategy, facts, plan);
}

}  // namespace rivet::inspect
