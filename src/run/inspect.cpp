// SPDX-License-Identifier: Apache-2.0
// The questions are few and short: a production server answers them while it works.
#include "run/inspect.hpp"

#include <utility>

#include "run/gates.hpp"

namespace rivet::run {
namespace {

using Shape = plan::Strategy::Shape;

struct Choice {
  plan::Strategy strategy;
  plan::KeyFacts facts;
};

/// Pages are only known to be there when they have been counted: a view or a partitioned table has none.
Result<Choice> choose(source::Session& session, const config::Export& entry, const model::Inventory& inventory,
                      const source::Capabilities& engine) {
  plan::Abilities abilities{.shared_snapshot = engine.shared_snapshot, .pages = engine.pages};
  Choice choice{.strategy = TRY(plan::choose_strategy(entry, inventory, abilities)), .facts = {}};
  if (choice.strategy.shape != Shape::pages) return choice;
  auto pages = session.page_count(entry.relation);
  if (pages) {
    choice.facts.pages = *pages;
    return choice;
  }
  if (pages.error().kind != ErrorKind::config) return fail(std::move(pages).error());
  abilities.pages = false;
  choice.strategy = TRY(plan::choose_strategy(entry, inventory, abilities));
  return choice;
}

}  // namespace

Result<batch::MetaColumns> make_meta_columns(const config::Export& entry, const model::Columns& source_columns,
                                             base::Timestamp started_at) {
  return batch::MetaColumns::make(source_columns,
                                  {.exported_at = entry.meta_columns.exported_at,
                                   .row_hash = entry.meta_columns.row_hash,
                                   .row_hash_columns = entry.meta_columns.row_hash_columns},
                                  started_at);
}

Result<Inspected> inspect(const Environment& environment, const config::Config& config, const config::Export& entry,
                          const OpenedDestination& opened, base::Timestamp started_at) {
  const source::SessionOptions limits{.statement_timeout = std::chrono::seconds(entry.tuning.statement_timeout_s),
                                      .lock_timeout = std::chrono::seconds(entry.tuning.lock_timeout_s)};
  auto session = TRY(environment.source.open(limits, environment.stop));
  const auto inventory = TRY(session->describe(entry.relation, entry.columns));
  TRY(check_rules(entry.quality, inventory.columns));
  auto meta_columns = TRY(make_meta_columns(entry, inventory.columns, started_at));
  auto [strategy, facts] = TRY(choose(*session, entry, inventory, environment.source.capabilities()));
  auto plan = plan::make_plan(config, entry, inventory, strategy,
                              {.prefix = opened.prefix,
                               .uri = opened.uri,
                               .columns = meta_columns.columns(),
                               .row_hash_covered = meta_columns.row_hash_covered()});
  return Inspected{.session = std::move(session),
                   .meta_columns = std::move(meta_columns),
                   .strategy = std::move(strategy),
                   .facts = std::move(facts),
                   .plan = std::move(plan)};
}

Result<void> cut_into_units(Inspected& inspected) {
  auto& [session, meta_columns, strategy, facts, plan] = inspected;
  if (strategy.shared_snapshot) plan.snapshot = TRY(session->share_snapshot());
  // Asked again within the instant: the lock that comes with it keeps the table from being rewritten meanwhile.
  if (strategy.shape == Shape::pages) facts.pages = TRY(session->page_count(plan.relation));
  if (!strategy.key.empty() && strategy.shape != Shape::row_numbers) {
    facts.extent = TRY(session->key_extent(plan.relation, strategy.key));
  }
  if (strategy.shape == Shape::key_ranges && strategy.units > 1) {
    facts.split_points = TRY(session->split_points(plan.relation, strategy.key,
                                                   static_cast<int>(std::min(strategy.units, plan::kMaxUnits))));
  }
  if (strategy.shape == Shape::row_numbers) facts.rows = TRY(session->row_count(plan.relation));
  TRY(plan::add_units(strategy, facts, plan));
  if (!strategy.shared_snapshot) session.reset();
  return {};
}

}  // namespace rivet::run
