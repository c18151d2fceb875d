// SPDX-License-Identifier: Apache-2.0
// Writing the manifest: names of its objects, its JSON, its marker.
#include "model/manifest.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"
#include "model/column_json.hpp"
#include "model/json_fields.hpp"

namespace rivet::model {
namespace {

using Json = nlohmann::ordered_json;  // people read manifests: keys stay in this order

constexpr std::string_view kChecksumRender = "rivet-digest-v1";

void add_text(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = value;
}

void add_time(Json& json, const char* key, const std::optional<base::Timestamp>& value) {
  if (value) json[key] = base::to_rfc3339(*value);
}

Json extraction_json(const ManifestSource& source) {
  Json json{{"strategy", source.strategy}};
  add_text(json, "cursor_column", source.cursor_column);
  add_text(json, "cursor_type", source.cursor_type);
  add_text(json, "cursor_low", source.cursor_low);
  add_text(json, "cursor_high", source.cursor_high);
  if (source.source_row_count) json["source_row_count"] = *source.source_row_count;
  add_text(json, "consistency", source.consistency);
  add_time(json, "read_from", source.read_from);
  add_time(json, "read_to", source.read_to);
  add_text(json, "snapshot", source.snapshot);
  return json;
}

Json source_json(const ManifestSource& source) {
  return {{"engine", source.engine},
          {"schema", or_null(source.schema)},
          {"table", or_null(source.table)},
          {"extraction", extraction_json(source)}};
}

Json part_json(const ManifestPart& listed) {
  const auto& part = listed.part;
  Json json{{"part_id", listed.part_id},
            {"path", part.path},
            {"rows", part.rows},
            {"size_bytes", part.size_bytes},
            {"content_fingerprint", part.content_fingerprint}};
  add_text(json, "content_md5", part.content_md5);
  json["status"] = listed.status;
  json["run_id"] = part.run_id;
  json["unit"] = part.unit_index;
  json["epoch"] = part.epoch;
  add_text(json, "schema_fingerprint", listed.schema_fingerprint);
  json["digest"] = to_string(part.digest);
  json["created_at"] = base::to_rfc3339(part.created_at);
  return json;
}

Json superseded_json(const SupersededPart& part) {
  return {{"path", part.path},
          {"rows", part.rows},
          {"size_bytes", part.size_bytes},
          {"content_fingerprint", part.content_fingerprint},
          {"run_id", part.run_id},
          {"superseded_in_generation", part.generation}};
}

/// Name, type, native type and nullability only: what somebody needs to compute the digest again.
Json digest_header(const Columns& covered) {
  Columns plain;
  for (const auto& column : covered) {
    plain.push_back(Column{
        .name = column.name, .native_type = column.native_type, .type = column.type, .nullable = column.nullable});
  }
  return to_json(plain);
}

Json digest_json(const Digest& digest, const Columns& covered) {
  return {{"version", kDigestVersion},
          {"rows", digest.rows},
          {"value", fmt::format("{:016x}{:016x}", digest.high, digest.low)},
          {"columns", digest_header(covered)}};
}

Json checksums_json(const Digest& digest, const Columns& covered) {
  auto list = Json::array();
  for (std::size_t i = 0; i < digest.columns.size(); ++i) {
    list.push_back(Json{{"name", i < covered.size() ? covered[i].name : std::string()},
                        {"checksum", fmt::format("{}", digest.columns[i])}});
  }
  return list;
}

Json head_json(const Manifest& manifest) {
  Json json{{"manifest_version", kManifestVersion}, {"run_id", manifest.run_id}, {"export_name", manifest.export_name}};
  add_text(json, "export_family", manifest.export_family);
  json["mode"] = manifest.mode;
  json["started_at"] = base::to_rfc3339(manifest.started_at);
  json["finished_at"] = base::to_rfc3339(manifest.finished_at);
  json["status"] = manifest.status;
  json["generation"] = manifest.generation;
  json["source"] = source_json(manifest.source);
  json["destination"] = Json{{"kind", manifest.destination_kind}, {"uri", manifest.destination_uri}};
  json["format"] = manifest.format;
  json["compression"] = manifest.compression;
  return json;
}

Json schemas_json(const std::vector<EarlierSchema>& schemas) {
  auto list = Json::array();
  for (const auto& schema : schemas) {
    list.push_back(Json{{"schema_fingerprint", schema.fingerprint}, {"columns", to_json(schema.columns)}});
  }
  return list;
}

void add_evidence(Json& json, const Manifest& manifest) {
  const auto covered = summed_columns(manifest);
  if (!manifest.digest.columns.empty()) {
    json["column_checksums"] = checksums_json(manifest.digest, covered);
    json["checksum_render"] = kChecksumRender;
  }
  if (!manifest.row_hash_column.empty()) {
    json["row_hash"] = Json{{"column", manifest.row_hash_column},
                            {"covered", manifest.row_hash_covered},
                            {"render", manifest.row_hash_render}};
  }
  json["digest"] = digest_json(manifest.digest, covered);
}

}  // namespace

std::string manifest_key(std::string_view export_name) { return fmt::format("manifest.{}.json", export_name); }
std::string success_key(std::string_view export_name) { return fmt::format("_SUCCESS.{}", export_name); }
std::string run_manifest_key(std::string_view run_id) { return fmt::format("manifest-{}.json", run_id); }

bool is_no_part(std::string_view key) {
  return key.starts_with("manifest.") || key.starts_with("manifest-") || key.starts_with("_SUCCESS") ||
         key.starts_with("certificate.") || key.starts_with(kQuarantineFolder) || key.starts_with(kSupersededFolder) ||
         key.starts_with(".rivet");
}

std::string to_json_text(const Manifest& manifest) {
  auto json = head_json(manifest);
  json["schema_fingerprint"] = schema_fingerprint(manifest.columns);
  json["columns"] = to_json(manifest.columns);
  if (!manifest.earlier_schemas.empty()) json["earlier_schemas"] = schemas_json(manifest.earlier_schemas);
  json["row_count"] = manifest.row_count;
  json["part_count"] = manifest.parts.size();
  json["parts"] = Json::array();
  for (const auto& part : manifest.parts) json["parts"].push_back(part_json(part));
  for (const auto& part : manifest.superseded) json["superseded"].push_back(superseded_json(part));
  add_evidence(json, manifest);
  return dump_json(json, /*indent=*/2);
}

std::string success_marker(std::string_view manifest_bytes) {
  return base::xxh3_label(base::xxh3_64(manifest_bytes)) + "\n";
}

}  // namespace rivet::model
