// SPDX-License-Identifier: Apache-2.0
// Reading a manifest: total, for any bytes.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "model/column_json.hpp"
#include "model/json_fields.hpp"
#include "model/manifest.hpp"

namespace rivet::model {
namespace {

using Json = nlohmann::json;

ManifestSource read_source(FieldReader field) {
  ManifestSource source{
      .engine = field.text("engine"), .schema = field.text_or_empty("schema"), .table = field.text_or_empty("table")};
  auto extraction = field.object("extraction");
  source.strategy = extraction.text("strategy");
  source.cursor_column = extraction.text_or_empty("cursor_column");
  source.cursor_type = extraction.text_or_empty("cursor_type");
  source.cursor_low = extraction.text_or_empty("cursor_low");
  source.cursor_high = extraction.text_or_empty("cursor_high");
  source.source_row_count = extraction.optional_count("source_row_count");
  source.consistency = extraction.text_or_empty("consistency");
  source.read_from = extraction.optional_time("read_from");
  source.read_to = extraction.optional_time("read_to");
  source.snapshot = extraction.text_or_empty("snapshot");
  return source;
}

ManifestPart read_part(FieldReader field) {
  ManifestPart listed{.part_id = field.count("part_id"), .part = {}, .status = field.text("status")};
  if (listed.status != "committed" && listed.status != "quarantined") field.refuse("a part has an unknown status");
  auto& part = listed.part;
  part.path = field.text("path");
  part.rows = field.count("rows");
  part.size_bytes = field.count("size_bytes");
  part.content_fingerprint = field.text("content_fingerprint");
  part.content_md5 = field.text_or_empty("content_md5");
  part.run_id = field.text("run_id");
  part.unit_index = field.small_count("unit");
  part.epoch = field.small_count("epoch");
  listed.schema_fingerprint = field.text_or_empty("schema_fingerprint");
  part.digest = field.digest("digest");
  part.created_at = field.time("created_at");
  return listed;
}

SupersededPart read_superseded(FieldReader field) {
  return {.run_id = field.text("run_id"),
          .path = field.text("path"),
          .rows = field.count("rows"),
          .size_bytes = field.count("size_bytes"),
          .content_fingerprint = field.text("content_fingerprint"),
          .generation = field.count("superseded_in_generation")};
}

std::vector<SupersededPart> read_all_superseded(FieldReader& root) {
  std::vector<SupersededPart> out;
  if (!root.has("superseded")) return out;
  const auto& list = root.array("superseded");
  for (std::size_t i = 0; i < list.size(); ++i) out.push_back(read_superseded(root.element(list[i], "superseded", i)));
  return out;
}

bool read_number(std::string_view text, int base, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

Columns read_columns(FieldReader& field, const char* key) {
  auto columns = columns_from_json(field.array(key));
  if (columns.has_value()) return std::move(columns).take();
  field.refuse(columns.error().message);
  return {};
}

std::vector<EarlierSchema> read_schemas(FieldReader& root) {
  std::vector<EarlierSchema> schemas;
  if (!root.has("earlier_schemas")) return schemas;
  const auto& list = root.array("earlier_schemas");
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto field = root.element(list[i], "earlier_schemas", i);
    schemas.push_back({.fingerprint = field.text("schema_fingerprint"), .columns = read_columns(field, "columns")});
  }
  return schemas;
}

/// The header says what the sums stand for.
bool header_matches(const Columns& header, const Columns& summed) {
  return std::equal(header.begin(), header.end(), summed.begin(), summed.end(),
                    [](const auto& a, const auto& b) { return a.name == b.name && a.type == b.type; });
}

void read_checksums(FieldReader& root, const Columns& header, Digest& digest) {
  if (!root.has("column_checksums")) return;
  const auto& list = root.array("column_checksums");
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto field = root.element(list[i], "column_checksums", i);
    if (i >= header.size() || field.text("name") != header[i].name) {
      root.refuse("column_checksums does not list the columns of the digest in their order");
    }
    if (!read_number(field.text("checksum"), 10, digest.columns.emplace_back()))
      root.refuse("a checksum is not a number");
  }
}

Digest read_digest(FieldReader& root, const Columns& summed) {
  auto field = root.object("digest");
  if (const auto version = field.count("version"); version != kDigestVersion) {
    field.refuse(fmt::format("digest version {} is not known", version));
  }
  Digest digest{.rows = static_cast<std::uint64_t>(field.count("rows"))};
  const auto value = field.text("value");
  if (value.size() != 32 || !read_number(std::string_view(value).substr(0, 16), 16, digest.high) ||
      !read_number(std::string_view(value).substr(16), 16, digest.low)) {
    field.refuse("digest.value is not 32 hex digits");
  }
  const auto header = read_columns(field, "columns");
  if (!header_matches(header, summed)) field.refuse("digest.columns differs from the columns of all schemas");
  read_checksums(root, header, digest);
  return digest;
}

void read_row_hash(FieldReader& root, Manifest& manifest) {
  if (!root.has("row_hash")) return;
  auto field = root.object("row_hash");
  manifest.row_hash_column = field.text("column");
  manifest.row_hash_render = field.text_or_empty("render");
  manifest.row_hash_covered = field.texts("covered");
}

void read_head(FieldReader& root, Manifest& manifest) {
  manifest.run_id = root.text("run_id");
  manifest.export_name = root.text("export_name");
  manifest.export_family = root.text_or_empty("export_family");
  manifest.mode = root.text("mode");
  manifest.started_at = root.time("started_at");
  manifest.finished_at = root.time("finished_at");
  manifest.status = root.text("status");
  manifest.generation = root.count("generation");
  manifest.source = read_source(root.object("source"));
  auto destination = root.object("destination");
  manifest.destination_kind = destination.text("kind");
  manifest.destination_uri = destination.text("uri");
  manifest.format = root.text("format");
  manifest.compression = root.text("compression");
}

void read_body(FieldReader& root, Manifest& manifest) {
  manifest.stated_schema_fingerprint = root.text("schema_fingerprint");
  manifest.columns = read_columns(root, "columns");
  manifest.earlier_schemas = read_schemas(root);
  manifest.row_count = root.count("row_count");
  manifest.stated_part_count = root.count("part_count");
  const auto& parts = root.array("parts");
  manifest.parts.reserve(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i)
    manifest.parts.push_back(read_part(root.element(parts[i], "parts", i)));
  manifest.superseded = read_all_superseded(root);
  manifest.digest = read_digest(root, summed_columns(manifest));
  read_row_hash(root, manifest);
}

}  // namespace

Result<Manifest> manifest_from_json_text(std::string_view text) {
  const auto json = TRY(parse_json(text).context("reading a manifest"));
  FieldReader root(json, "manifest");
  const auto version = root.count("manifest_version");
  TRY(root.finish().context("reading a manifest"));
  if (version != kManifestVersion) {
    return fail(ErrorKind::data,
                fmt::format("the manifest has version {}, known is version {}", version, kManifestVersion),
                "read it with the version of the program that wrote it");
  }
  Manifest manifest;
  read_head(root, manifest);
  read_body(root, manifest);
  TRY(root.finish().context("reading a manifest"));
  return manifest;
}

}  // namespace rivet::model
