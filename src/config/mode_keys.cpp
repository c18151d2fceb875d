// SPDX-License-Identifier: Apache-2.0
// A key outside its mode is refused, not ignored: it shows that the user expects another strategy.
#include "config/mode_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rivet::config {
namespace {

constexpr Words<Mode, 5> kModes{{{"full", Mode::full},
                                 {"incremental", Mode::incremental},
                                 {"chunked", Mode::chunked},
                                 {"time_window", Mode::time_window},
                                 {"cdc", Mode::cdc}}};
constexpr Words<bool, 2> kCursorModes{{{"single_column", false}, {"coalesce", true}}};
constexpr Words<bool, 2> kTimeTypes{{{"timestamp", false}, {"unix", true}}};
constexpr Words<Consistency, 2> kConsistencies{{{"unit", Consistency::unit}, {"snapshot", Consistency::snapshot}}};
constexpr Words<PartitionGranularity, 3> kGranularities{
    {{"day", PartitionGranularity::day}, {"month", PartitionGranularity::month}, {"year", PartitionGranularity::year}}};
constexpr std::array<std::string_view, 9> kCdcKeys{"initial",    "checkpoint", "until_current",
                                                   "max_events", "rollover",   "rollover_memory_mb",
                                                   "server_id",  "slot",       "capture_instance"};

struct Owner {
  std::string_view key;
  Mode mode;
};
constexpr auto kOwners = std::to_array<Owner>({
    {"cursor_column", Mode::incremental},
    {"cursor_fallback_column", Mode::incremental},
    {"incremental_cursor_mode", Mode::incremental},
    {"chunk_column", Mode::chunked},
    {"chunk_by_key", Mode::chunked},
    {"chunk_size", Mode::chunked},
    {"chunk_size_memory_mb", Mode::chunked},
    {"chunk_count", Mode::chunked},
    {"chunk_by_days", Mode::chunked},
    {"chunk_dense", Mode::chunked},
    {"chunk_checkpoint", Mode::chunked},
    {"chunk_max_attempts", Mode::chunked},
    {"keyset_incremental", Mode::chunked},
    {"time_column", Mode::time_window},
    {"time_column_type", Mode::time_window},
    {"days_window", Mode::time_window},
    {"cdc", Mode::cdc},
});

/// `false` asks for nothing, whatever the mode.
bool asks_for_nothing(const Node& value) {
  return value.kind == Node::Kind::scalar && value.plain && value.text == "false";
}

void refuse_keys_of_other_modes(Section& section, Mode mode) {
  for (const auto& [key, owner] : kOwners) {
    const auto* value = section.find(key);
    if (value == nullptr || owner == mode || asks_for_nothing(*value)) continue;
    section.refuse(
        key, fmt::format("'{}' belongs to 'mode: {}', this export is 'mode: {}'", key, name_of(owner), name_of(mode)));
  }
}

void exclude(Section& section, std::string_view key, std::string_view other, std::string_view code = {}) {
  if (!section.has(key) || !section.has(other)) return;
  section.refuse(key, fmt::format("'{}' and '{}' exclude each other: keep one", key, other), code);
}

void read_incremental(Section& section, Mode mode, ModeKeys& keys) {
  keys.cursor_column = section.text("cursor_column").value_or("");
  keys.cursor_fallback_column = section.text("cursor_fallback_column").value_or("");
  keys.coalesce = section.choice("incremental_cursor_mode", kCursorModes).value_or(false);
  if (mode != Mode::incremental) return;
  if (!section.has("cursor_column")) section.refuse_missing("'cursor_column' for 'mode: incremental'");
  const bool has_fallback = section.has("cursor_fallback_column");
  if (has_fallback && !keys.coalesce) {
    section.refuse("cursor_fallback_column", "'cursor_fallback_column' needs 'incremental_cursor_mode: coalesce'");
  }
  if (keys.coalesce && !has_fallback) {
    section.refuse("incremental_cursor_mode", "'incremental_cursor_mode: coalesce' needs 'cursor_fallback_column'");
  }
}

void read_chunk_numbers(Section& section, ModeKeys& keys) {
  keys.chunk_size = section.integer("chunk_size", {1});
  keys.chunk_size_memory_mb = section.integer("chunk_size_memory_mb", {1, 1'048'576});
  keys.chunk_count = section.integer("chunk_count", {1, 50'000'000}, code::kChunkCountInvalid);
  keys.chunk_by_days = section.integer("chunk_by_days", {1, 1'000'000}, code::kChunkByDaysInvalid);
  if (const auto attempts = section.integer("chunk_max_attempts", {1, 1'000})) {
    keys.chunk_max_attempts = static_cast<int>(*attempts);
  }
}

void check_chunk_shape(Section& section, const ModeKeys& keys) {
  exclude(section, "chunk_size_memory_mb", "chunk_size");
  exclude(section, "chunk_count", "chunk_by_days", code::kChunkCountInvalid);
  exclude(section, "chunk_by_key", "chunk_column");
  exclude(section, "chunk_by_key", "chunk_by_days");
  if (keys.chunk_dense) {
    exclude(section, "chunk_count", "chunk_dense", code::kChunkCountInvalid);
    exclude(section, "chunk_by_days", "chunk_dense", code::kChunkByDaysInvalid);
    exclude(section, "chunk_by_key", "chunk_dense");
  }
  if (section.has("chunk_size_memory_mb") && !section.has("table")) {
    section.refuse("chunk_size_memory_mb", "'chunk_size_memory_mb' needs 'table', whose row width can be estimated");
  }
  if (keys.keyset_incremental && !section.has("chunk_by_key")) {
    section.refuse("keyset_incremental", "'keyset_incremental' needs 'chunk_by_key'");
  }
  for (const auto* key : {"chunk_by_days", "chunk_count"}) {
    if (section.has(key) && !section.has("chunk_column") && !section.has("chunk_by_key") && !section.has("table")) {
      section.refuse(key, fmt::format("'{}' needs 'chunk_column'", key));
    }
  }
  const bool has_shape = section.has("chunk_column") || section.has("chunk_by_key") || section.has("table");
  if (!has_shape) section.refuse_missing("'chunk_column' or 'chunk_by_key' for 'mode: chunked' over a query");
}

void read_chunked(Section& section, Mode mode, ModeKeys& keys) {
  keys.chunk_column = section.text("chunk_column").value_or("");
  keys.chunk_by_key = section.one_or_more_texts("chunk_by_key").value_or(std::vector<std::string>{});
  read_chunk_numbers(section, keys);
  keys.chunk_dense = section.boolean("chunk_dense").value_or(false);
  keys.chunk_checkpoint = section.boolean("chunk_checkpoint").value_or(false);
  keys.keyset_incremental = section.boolean("keyset_incremental").value_or(false);
  if (mode == Mode::chunked) check_chunk_shape(section, keys);
}

void read_time_window(Section& section, Mode mode, ModeKeys& keys) {
  keys.time_column = section.text("time_column").value_or("");
  keys.time_column_unix = section.choice("time_column_type", kTimeTypes).value_or(false);
  keys.days_window = section.integer("days_window", {1, 1'000'000});
  if (mode != Mode::time_window) return;
  for (const auto* key : {"time_column", "days_window"}) {
    if (!section.has(key)) section.refuse_missing(fmt::format("'{}' for 'mode: time_window'", key));
  }
}

void read_partitioning(Section& section, Mode mode, ModeKeys& keys) {
  keys.partition_by = section.text("partition_by").value_or("");
  keys.partition_granularity =
      section.choice("partition_granularity", kGranularities).value_or(PartitionGranularity::day);
  if (section.has("partition_granularity") && !section.has("partition_by")) {
    section.refuse("partition_granularity", "'partition_granularity' needs 'partition_by'");
  }
  exclude(section, "partition_by", "chunk_by_key");
  if (section.has("partition_by") && (mode == Mode::time_window || mode == Mode::cdc)) {
    section.refuse("partition_by", fmt::format("'partition_by' does not go with 'mode: {}'", name_of(mode)));
  }
}

void read_cdc(Section& section) {
  section.unoffered("cdc");
  auto block = section.block("cdc");
  if (!block) return;
  for (const auto key : kCdcKeys) block->unoffered(key);
  block->finish();
}

}  // namespace

Mode read_mode(Section& section) {
  const auto mode = section.choice("mode", kModes).value_or(Mode::full);
  if (mode == Mode::cdc) {
    section.refuse("mode", "'mode: cdc' is not offered by this program; use mode: full", code::kSourceModeUnsupported);
  }
  return mode;
}

ModeKeys read_mode_keys(Section& section, Mode mode) {
  ModeKeys keys;
  keys.parallel = static_cast<int>(section.integer("parallel", {1, 1'024}).value_or(1));
  keys.consistency = section.choice("consistency", kConsistencies);
  refuse_keys_of_other_modes(section, mode);
  read_incremental(section, mode, keys);
  read_chunked(section, mode, keys);
  keys.cursor_lookback = section.integer("cursor_lookback", {0, 100'000'000});
  if (keys.cursor_lookback && mode != Mode::incremental && !keys.keyset_incremental) {
    section.refuse("cursor_lookback", "'cursor_lookback' needs 'mode: incremental' or 'keyset_incremental: true'");
  }
  read_time_window(section, mode, keys);
  read_partitioning(section, mode, keys);
  read_cdc(section);
  return keys;
}

}  // namespace rivet::config
