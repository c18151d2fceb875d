// SPDX-License-Identifier: Apache-2.0
// The order is the contract: parts stand, then the manifests, then the markers, then the store.
#include "run/publish.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/fault_point.hpp"
#include "batch/row_hash.hpp"
#include "model/manifest.hpp"
#include "model/plan.hpp"
#include "run/gates.hpp"
#include "run/part_names.hpp"
#include "inspect/plan_shapes.hpp"
#include "run/quarantine.hpp"

namespace rivet::run {
namespace {

/// From where to where the run read, for people and loaders.
void describe_extraction(const model::Incremental& incremental, const model::Columns& columns,
                         model::ManifestSource& source) {
  const auto& key = incremental.cursor.columns;
  source.cursor_column = model::display_cursor(key);
  for (const auto& column : columns) {
    if (column.name == key.front()) source.cursor_type = column.native_type;
  }
  if (incremental.since) source.cursor_low = model::display_cursor(incremental.since->cursor);
  source.cursor_high = model::display_cursor(incremental.until.cursor);
}

model::Manifest manifest_frame(const state::RunView& run, const model::Plan& plan) {
  model::Manifest manifest{.run_id = run.run_id,
                           .export_name = run.export_name,
                           .export_family = plan.family,
                           .started_at = run.started_at,
                           .generation = run.generation,
                           .source = {.engine = plan.source_engine,
                                      .schema = plan.relation.schema,
                                      .table = plan.relation.table,
                                      .strategy = plan.strategy,
                                      .consistency = plan.consistency},
                           .destination_kind = plan.destination_kind,
                           .destination_uri = plan.destination_uri,
                           .format = plan.format,
                           .compression = plan.compression,
                           .columns = plan.columns,
                           .row_hash_covered = plan.row_hash_covered};
  if (plan.incremental) describe_extraction(*plan.incremental, plan.source_columns, manifest.source);
  if (!plan.row_hash_covered.empty()) {
    manifest.row_hash_column = batch::kRowHashColumn;
    manifest.row_hash_render = batch::kRowHashRender;
  }
  return manifest;
}

void add_instants(const std::vector<state::UnitView>& units, const std::string& shared_snapshot,
                  model::Manifest& manifest) {
  auto& source = manifest.source;
  for (const auto& unit : units) {
    if (!unit.read_at) continue;
    source.read_from = source.read_from ? std::min(*source.read_from, *unit.read_at) : *unit.read_at;
    source.read_to = source.read_to ? std::max(*source.read_to, *unit.read_at) : *unit.read_at;
  }
  source.snapshot = units.size() == 1 ? units.front().snapshot : shared_snapshot;
}

/// What the generation is made of: a repair adds an instant to an output that other runs have read.
Result<std::vector<state::UnitView>> all_units(state::StateStore& store, const state::RunView& run) {
  std::vector<state::UnitView> units;
  for (auto& live : TRY(store.live_units(run.export_name, run.prefix))) units.push_back(std::move(live.view));
  return units;
}

Result<void> add_superseded(state::StateStore& store, const state::RunView& run, model::Manifest& manifest) {
  for (const auto& file : TRY(store.superseded_parts(run.export_name, run.prefix))) {
    manifest.superseded.push_back({.run_id = file.part.run_id,
                                   .path = file.part.path,
                                   .rows = file.part.rows,
                                   .size_bytes = file.part.size_bytes,
                                   .content_fingerprint = file.part.content_fingerprint,
                                   .generation = file.generation_superseded.value_or(0)});
  }
  return {};
}

/// Of runs with the same names and types one may allow NULL where the other does not; the list is about both.
void allow_nulls_of(const model::Columns& other, model::Columns& columns) {
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i].nullable |= other[i].nullable;
}

/// Lists the columns that runs wrote, unless they are there. What their parts call them: empty for the manifest's own.
std::string add_schema(const model::Columns& columns, model::Manifest& manifest) {
  auto fingerprint = model::schema_fingerprint(columns);
  if (fingerprint == model::schema_fingerprint(manifest.columns)) {
    allow_nulls_of(columns, manifest.columns);
    return {};
  }
  auto& schemas = manifest.earlier_schemas;
  const auto known = std::find_if(schemas.begin(), schemas.end(),
                                  [&](const auto& schema) { return schema.fingerprint == fingerprint; });
  if (known == schemas.end()) {
    schemas.push_back({.fingerprint = fingerprint, .columns = columns});
  } else {
    allow_nulls_of(columns, known->columns);
  }
  return fingerprint;
}

/// The schemas of the runs that have parts, by run.
Result<std::map<std::string, std::string>> add_schemas(state::StateStore& store,
                                                       const std::vector<state::FileView>& files,
                                                       model::Manifest& manifest) {
  std::map<std::string, std::string> of_run{{manifest.run_id, ""}};
  inspect::PlanShapes shapes(store);
  std::map<const model::PlanShape*, std::string> of_shape;
  for (const auto& file : files) {
    const auto& run_id = file.part.run_id;
    if (of_run.contains(run_id)) continue;
    const auto* shape = TRY(shapes.of(run_id));
    if (!of_shape.contains(shape)) of_shape[shape] = add_schema(shape->columns, manifest);
    of_run[run_id] = of_shape[shape];
  }
  return of_run;
}

Result<void> add_parts(state::StateStore& store, const std::vector<state::FileView>& files, model::Manifest& manifest) {
  const auto schemas = TRY(add_schemas(store, files, manifest));
  for (const auto& file : files) {
    manifest.parts.push_back({.part_id = static_cast<std::int64_t>(manifest.parts.size()) + 1,
                              .part = file.part,
                              .schema_fingerprint = schemas.at(file.part.run_id)});
    manifest.row_count += file.part.rows;
  }
  manifest.digest = model::sum_of_parts(manifest);
  return {};
}

/// Removes what processes left behind that died while they replaced a manifest or a marker.
Result<void> sweep_leftovers(const destination::Destination& destination) {
  TRY(destination.sweep("manifest"));
  return destination.sweep(model::kCompatSuccessKey);
}

/// Parts that a worker finished after it had lost its claim are in no manifest, and nobody can commit them any more.
Result<void> put_strangers_aside(const destination::Destination& destination, const state::RunView& run,
                                 const std::vector<state::UnitView>& units, const std::vector<state::FileView>& live) {
  const auto was_claimed_again = [](const auto& unit) { return unit.epoch > 1; };
  if (std::none_of(units.begin(), units.end(), was_claimed_again)) return {};
  std::set<std::string> keep;
  for (const auto& file : live) keep.insert(file.part.path);
  return quarantine(destination, run_stem(run.run_id, run.export_name, run.nonce), keep, run.run_id);
}

/// The plain copies describe whichever export was published last; the marker vouches for the copy that stands, also
/// when several exports are published into one folder at a time: whoever writes the marker last has looked after it.
Result<void> put_compatibility_copies(const destination::Destination& destination, std::string_view manifest_text) {
  TRY(destination.put(std::string(model::kCompatManifestKey), manifest_text));
  base::fault_point("compat_manifest_written");
  std::optional<std::string> vouched_for;
  for (;;) {
    const auto standing =
        TRY(destination::read_text(destination, std::string(model::kCompatManifestKey), model::kManifestLimitBytes));
    const auto text = standing.value_or(std::string(manifest_text));
    if (vouched_for == text) return {};
    TRY(destination.put(std::string(model::kCompatSuccessKey), model::success_marker(text)));
    vouched_for = text;
  }
}

}  // namespace

Result<void> publish(state::StateStore& store, const destination::Destination& destination, const state::RunView& run,
                     const base::Clock& clock) {
  const auto plan = TRY(model::plan_from_json_text(run.plan_json));
  const auto units = TRY(store.units(run.run_id));
  if (destination.capabilities().can_list) {
    TRY(sweep_leftovers(destination));
    const auto live = TRY(store.live_parts(run.export_name, run.prefix));
    auto manifest = manifest_frame(run, plan);
    manifest.status = "success";
    manifest.finished_at = run.sealed_at.value_or(clock.now());
    TRY(put_strangers_aside(destination, run, units, live));
    add_instants(model::is_repair(plan) ? TRY(all_units(store, run)) : units, plan.snapshot, manifest);
    TRY(add_parts(store, live, manifest));
    TRY(add_superseded(store, run, manifest));
    const auto text = model::to_json_text(manifest);
    TRY(destination.put(model::run_manifest_key(run.run_id), text));
    base::fault_point("run_manifest_written");
    TRY(destination.put(model::manifest_key(run.export_name), text));
    base::fault_point("manifest_written");
    TRY(destination.put(model::success_key(run.export_name), model::success_marker(text)));
    base::fault_point("success_written");
    TRY(put_compatibility_copies(destination, text));
  }
  const auto counts = TRY(merged_gate_counts(units));
  base::fault_point("before_published");
  return store.apply(
      state::RunPublished{.run_id = run.run_id, .columns = plan.columns, .shapes = counts.longest, .at = clock.now()});
}

Result<void> record_failure(const destination::Destination& destination, const state::RunView& run,
                            std::string_view status, const base::Clock& clock) {
  if (!destination.capabilities().can_list) return {};
  auto manifest = manifest_frame(run, TRY(model::plan_from_json_text(run.plan_json)));
  manifest.status = status;
  manifest.finished_at = clock.now();
  manifest.digest = model::sum_of_parts(manifest);
  return destination.put(model::run_manifest_key(run.run_id), model::to_json_text(manifest));
}

}  // namespace rivet::run
