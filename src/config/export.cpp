// SPDX-License-Identifier: Apache-2.0
// Puts the parts of an export together and checks what only shows between them.
#include "config/export.hpp"

#include "config/destination.hpp"
#include "config/mode_keys.hpp"
#include "config/order.hpp"
#include "config/output.hpp"
#include "config/relation.hpp"
#include "config/tuning.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rivet::config {
namespace {

constexpr std::size_t kNameBytes = 150;  // file names add a run stamp, a unit and an extension

constexpr Words<std::string_view, 8> kTargets{{{"bigquery", "bigquery"},
                                               {"bq", "bigquery"},
                                               {"duckdb", "duckdb"},
                                               {"duck", "duckdb"},
                                               {"snowflake", "snowflake"},
                                               {"sf", "snowflake"},
                                               {"clickhouse", "clickhouse"},
                                               {"ch", "clickhouse"}}};
constexpr std::array<std::string_view, 5> kLoadKeys{"pk", "cleanup_source", "gc_orphans", "cluster_by",
                                                    "allow_source_drift"};

/// Why a name cannot be part of file names; empty when it can.
std::string_view refusal_of(std::string_view name) {
  if (name.size() > kNameBytes) return "is longer than 150 bytes";
  if (name.starts_with('.')) return "must not begin with a dot";
  if (name.find_first_of("/\\") != std::string_view::npos) return "must not contain a slash";
  const bool has_control = std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  return has_control ? "must not contain control characters" : "";
}

std::string read_name(Section& section) {
  const auto name = section.text("name");
  section.require("name");
  if (!name) return {};
  if (const auto why = refusal_of(*name); !why.empty()) {
    section.refuse("name", fmt::format("'name' {}, because it becomes part of file names: '{}'", why,
                                       section.problems().shown(*name)));
  }
  return *name;
}

std::string title_of(const Node& node, const Problems& problems) {
  for (const auto& entry : node.entries) {
    if (entry.key == "name" && !entry.value.text.empty()) {
      return fmt::format("export '{}'", problems.shown(entry.value.text));
    }
  }
  return "an export";
}

Tuning read_merged_tuning(Section& section, const SourceBlock& source) {
  const auto own = read_tuning(section);
  const auto merged = merge(source.tuning, own);
  if (merged.has_conflict() && !own.has_conflict() && !source.tuning.has_conflict()) {
    section.refuse("tuning",
                   "'batch_size' and 'batch_size_memory_mb' exclude each other, and the 'tuning' of source and export "
                   "together set both");
  }
  return resolve(merged, source.source.environment);
}

void read_hints(Section& section, Export& entry) {
  if (const auto wave = section.integer("wave", {0, 1'000'000})) entry.wave = static_cast<int>(*wave);
  entry.parallel_safe = section.boolean("parallel_safe");
  entry.skip_empty = section.boolean("skip_empty").value_or(false);
  entry.source_group = section.text("source_group").value_or("");
  entry.reconcile_required = section.boolean("reconcile_required").value_or(false);
  entry.target = std::string(section.choice("target", kTargets).value_or(""));
  entry.shape_drift_warn_factor = section.number("shape_drift_warn_factor", 0, 1e9).value_or(2.0);
}

void refuse_load(Section& section) {
  section.unoffered("load");
  auto load = section.block("load");
  if (!load) return;
  for (const auto key : kLoadKeys) load->unoffered(key);
  load->finish();
  section.refuse("load", "'load' is not offered by this program: remove it and load the files with other means");
}

void check_partition_token(Section& section, const Export& entry) {
  const bool has_token = has_partition_token(entry.destination);
  if (section.has("partition_by") && section.has("destination") && !has_token) {
    section.refuse("partition_by", "'partition_by' needs '{partition}' in the destination's path or prefix");
  }
  if (has_token && !section.has("partition_by")) {
    section.refuse("destination", "'{partition}' in the destination needs 'partition_by'");
  }
}

void check_stdout(Section& section, const Export& entry) {
  if (entry.destination.type != DestinationType::stdout_) return;
  if (entry.mode == Mode::chunked) section.refuse("mode", "'mode: chunked' does not go with a stdout destination");
  for (const auto* key : {"max_file_size", "partition_by"}) {
    if (section.has(key)) section.refuse(key, fmt::format("'{}' does not go with a stdout destination", key));
  }
}

}  // namespace

Export read_export(Section& root, const Node& node, const SourceBlock& source, Context& context) {
  auto section = root.entry("exports", node, title_of(node, context.problems));
  Export entry;
  entry.line = node.line;
  entry.name = read_name(section);
  entry.relation = read_relation(section, context);
  entry.mode = read_mode(section);
  entry.keys = read_mode_keys(section, entry.mode);
  read_output(section, entry);
  entry.destination = read_destination(section, context);
  entry.tuning = read_merged_tuning(section, source);
  read_hints(section, entry);
  entry.depends_on = read_depends_on(section);
  entry.placement = read_placement(section);
  refuse_load(section);
  check_partition_token(section, entry);
  check_stdout(section, entry);
  section.finish();
  return entry;
}

}  // namespace rivet::config
