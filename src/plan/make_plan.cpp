// SPDX-License-Identifier: Apache-2.0
// Rules first, then units, then the fingerprint over what decides the parts.
#include "plan/make_plan.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "plan/delta.hpp"

namespace rivet::plan {
namespace {

/// Keys of later versions whose absence changes speed, never the result.
void warn_about_unused_tuning(const config::Export& entry, model::Plan& plan) {
  const auto warn = [&](std::string_view key) {
    plan.warnings.push_back({"no_effect", fmt::format("tuning: {} has no effect in this version", key)});
  };
  if (entry.tuning.adaptive && entry.keys.parallel < 2) {
    plan.warnings.push_back({"no_effect", "tuning: adaptive has no effect without parallel: there is one slot only"});
  }
  if (entry.tuning.on_batch_memory_exceeded == config::Tuning::OnBatchMemory::auto_shrink) {
    warn("on_batch_memory_exceeded: auto_shrink");
  }
}

void warn_about_quality(const config::Export& entry, model::Plan& plan) {
  if (entry.quality.unique_columns.empty() || entry.quality.unique_max_entries) return;
  plan.warnings.push_back({"unique_without_cap",
                           "quality.unique_columns without unique_max_entries: memory grows with the distinct values"});
}

/// What the configuration says about cutting: not what came of it, which may be another number every time.
void add_cut(const config::ModeKeys& keys, base::FieldHasher& hasher) {
  const auto add_number = [&](const auto& number) { hasher.add(number ? std::to_string(*number) : ""); };
  hasher.add(keys.chunk_column).add(fmt::format("{}", fmt::join(keys.chunk_by_key, "\n")));
  for (const auto& number : {keys.chunk_size, keys.chunk_size_memory_mb, keys.chunk_count, keys.chunk_by_days}) {
    add_number(number);
  }
  hasher.add(keys.chunk_dense ? "dense" : "").add(keys.parallel > 1 ? "parallel" : "");
}

/// Runs that go on from different positions do not read the same rows.
void add_position(const Strategy& strategy, base::FieldHasher& hasher) {
  if (!strategy.incremental) return;
  const auto& delta = *strategy.incremental;
  hasher.add(fmt::format("{}", fmt::join(delta.cursor.columns, "\n"))).add(delta.cursor.coalesced ? "coalesced" : "");
  hasher.add(delta.since ? model::to_json_text(*delta.since) : "").add(delta.versions ? "versions" : "");
  hasher.add(std::to_string(delta.lookback));
}

/// What is read: of a time window only what lies in it.
model::Relation relation_of(const config::Export& entry, const Strategy& strategy) {
  auto relation = entry.relation;
  if (strategy.shape != Strategy::Shape::window) return relation;
  relation.within.terms.emplace_back(
      model::KeyRange{.columns = strategy.key, .lower = model::Bound{strategy.from, true}, .upper = {}});
  return relation;
}

void warn_about_horizon(const KeyFacts& facts, model::Plan& plan) {
  if (!facts.horizon || facts.horizon->held_by.empty()) return;
  plan.warnings.push_back(
      {"horizon", fmt::format("what transactions from {} on have written waits for the next run; the oldest is {}",
                              facts.horizon->settled, facts.horizon->held_by)});
}

std::string fingerprint_of(const model::Plan& plan, const config::Export& entry, const Strategy& strategy) {
  base::FieldHasher hasher;
  add_cut(entry.keys, hasher);
  add_position(strategy, hasher);
  hasher.add(plan.source_id).add(plan.relation.schema).add(plan.relation.table).add(plan.relation.query);
  hasher.add(model::to_text(plan.relation.within));
  hasher.add(plan.mode).add(plan.consistency).add(plan.prefix).add(plan.format).add(plan.compression);
  hasher.add(entry.compression_level ? std::to_string(*entry.compression_level) : "");
  hasher.add(plan.max_file_size ? std::to_string(*plan.max_file_size) : "");
  hasher.add(model::schema_fingerprint(plan.columns)).add(plan.catalogue_fingerprint);
  for (const auto& name : plan.row_hash_covered) hasher.add(name);
  return hasher.hex();
}

Result<void> add_delta(const Strategy& strategy, const KeyFacts& facts, model::Plan& plan) {
  auto delta = TRY(make_delta(strategy, facts));
  plan.tiling = TRY(prove_delta(facts, delta));
  plan.units = std::move(delta.units);
  plan.incremental = std::move(delta.incremental);
  warn_about_horizon(facts, plan);
  return {};
}

Result<void> check_column(std::string_view rule, const std::string& name, const model::Columns& columns) {
  std::vector<std::string_view> names;
  for (const auto& column : columns) names.push_back(column.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  const auto near = base::did_you_mean(name, names);
  return fail(ErrorKind::config,
              fmt::format("quality.{} names column \"{}\", which the export does not have", rule, name),
              near ? fmt::format("did you mean \"{}\"?", *near) : "");
}

}  // namespace

Result<void> check_quality(const config::Quality& rules, const model::Columns& columns) {
  for (const auto& name : rules.unique_columns) TRY(check_column("unique_columns", name, columns));
  for (const auto& [name, ratio] : rules.null_ratio_max) TRY(check_column("null_ratio_max", name, columns));
  return {};
}

Result<void> check_supported(const config::Export& entry) {
  if (entry.destination.type != config::DestinationType::stdout_) return {};
  if (entry.max_file_size) {
    return fail(ErrorKind::config, "max_file_size cannot split what goes to stdout",
                "leave max_file_size out, or write to a local path");
  }
  if (entry.mode != config::Mode::full || entry.keys.parallel > 1) {
    return fail(ErrorKind::config, "stdout takes one stream of rows, not chunks",
                "use mode: full with parallel: 1, or write to a local path");
  }
  return {};
}

model::Plan make_plan(const config::Config& config, const config::Export& entry, const model::Inventory& inventory,
                      const Strategy& strategy, const PlanEnds& ends) {
  const bool one_instant = strategy.shared_snapshot || strategy.shape == Strategy::Shape::whole;
  model::Plan plan{
      .export_name = entry.name,
      .family = entry.entry_name(),
      .relation = relation_of(entry, strategy),
      .source_engine = std::string(config::name_of(config.source.type)),
      .source_id = ends.source_id,
      .mode = std::string(config::name_of(entry.mode)),
      .strategy = std::string(name_of(strategy.shape)),
      .key = strategy.key,
      .reason = strategy.reason,
      .consistency = one_instant ? "snapshot" : "unit",
      .destination_kind = std::string(config::name_of(entry.destination.type)),
      .destination_uri = ends.uri,
      .prefix = ends.prefix,
      .format = std::string(config::name_of(entry.format)),
      .compression = entry.format == config::FileFormat::csv ? "none" : std::string(config::name_of(entry.compression)),
      .source_columns = inventory.columns,
      .columns = ends.columns,
      .row_hash_covered = ends.row_hash_covered,
      .max_file_size = entry.max_file_size,
      .row_estimate = inventory.row_estimate,
      .catalogue_fingerprint = inventory.fingerprint,
      .incremental = strategy.incremental};
  for (const auto& warning : inventory.warnings) plan.warnings.push_back({"source", warning});
  warn_about_quality(entry, plan);
  warn_about_unused_tuning(entry, plan);
  plan.warnings.insert(plan.warnings.end(), strategy.warnings.begin(), strategy.warnings.end());
  plan.fingerprint = fingerprint_of(plan, entry, strategy);
  return plan;
}

Result<void> add_units(const Strategy& strategy, const KeyFacts& facts, model::Plan& plan) {
  if (strategy.shape == Strategy::Shape::delta) return add_delta(strategy, facts, plan);
  plan.units = TRY(make_units(strategy, facts));
  plan.tiling = TRY(prove_tiling(strategy, facts, plan.units));
  return {};
}

}  // namespace rivet::plan
