// SPDX-License-Identifier: Apache-2.0
// A discovery as JSON.
#include "report/discovery.hpp"

#include "report/json.hpp"

namespace rivet::report {
namespace {

using Json = nlohmann::ordered_json;

Json cursor_json(const model::CursorCandidate& cursor) {
  return {{"column", cursor.column},        {"data_type", cursor.data_type},
          {"is_nullable", cursor.nullable}, {"is_primary_key", cursor.primary_key},
          {"score", cursor.score},          {"reasons", cursor.reasons}};
}

Json chunk_json(const model::ChunkCandidate& chunk) {
  return {{"column", chunk.column},
          {"data_type", chunk.data_type},
          {"is_primary_key", chunk.primary_key},
          {"score", chunk.score}};
}

template <class Values, class Write>
Json list_json(const Values& values, Write write) {
  auto list = Json::array();
  for (const auto& value : values) list.push_back(write(value));
  return list;
}

Json table_json(const model::DiscoveredTable& table) {
  const auto& [entry, columns, misfits, cursors, chunks, fallback, suggestion, notes] = table;
  Json out{{"schema", entry.schema},
           {"table", entry.name},
           {"kind", model::name_of(entry.kind)},
           {"row_estimate", or_null(entry.row_estimate)}};
  if (entry.total_bytes) out["total_bytes"] = *entry.total_bytes;
  out["suggested_mode"] = suggestion.mode;
  out["suggestion_reason"] = suggestion.reason;
  out["cursor_candidates"] = list_json(cursors, cursor_json);
  if (!fallback.empty()) out["suggested_cursor_fallback_column"] = fallback;
  out["chunk_candidates"] = list_json(chunks, chunk_json);
  if (!suggestion.chunk_by_key.empty()) out["suggested_chunk_by_key"] = suggestion.chunk_by_key;
  for (const auto& [column, type] : misfits.overrides) out["suggested_columns"][column] = model::to_string(type);
  out["notes"] = notes;
  return out;
}

Json skipped_json(const model::SkippedTable& skipped) {
  return {{"schema", skipped.schema}, {"table", skipped.table}, {"reason", skipped.reason}};
}

}  // namespace

Json discovery_json(const model::Discovery& discovery, const std::string& rivet_version, const std::string& tls_mode) {
  Json out{{"rivet_version", rivet_version}, {"source_type", discovery.source_type}, {"scope", discovery.scope}};
  if (!tls_mode.empty()) out["tls_mode"] = tls_mode;
  out["tables"] = list_json(discovery.tables, table_json);
  out["skipped"] = list_json(discovery.skipped, skipped_json);
  return out;
}

}  // namespace rivet::report
