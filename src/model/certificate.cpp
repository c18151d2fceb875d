// SPDX-License-Identifier: Apache-2.0
// The statement as JSON, and the file around it. RFC 8785 orders keys by UTF-16 code units and writes numbers as
// ECMAScript does: for the ASCII keys and the integers in here, that is what the JSON library does.
#include "model/certificate.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/signature.hpp"
#include "model/column_json.hpp"
#include "model/json_fields.hpp"
#include "model/manifest.hpp"

namespace rivet::model {
namespace {

using nlohmann::json;

constexpr std::string_view kUnsigned = "none", kEd25519 = "ed25519";
constexpr std::string_view kUnsignedNote =
    "unsigned: finds accidents, and nothing that somebody changed on purpose and hashed again";

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json time_or_null(const std::optional<base::Timestamp>& at) { return at ? json(base::to_rfc3339(*at)) : json(nullptr); }

json flag_or_null(const std::optional<bool>& flag) { return flag ? json(*flag) : json(nullptr); }

json source_json(const CertifiedSource& source) {
  return {{"engine", source.engine},
          {"database", text_or_null(source.database)},
          {"schema", text_or_null(source.schema)},
          {"table", text_or_null(source.table)},
          {"query", text_or_null(source.query)},
          {"consistency", source.consistency},
          {"read_from", time_or_null(source.read_from)},
          {"read_to", time_or_null(source.read_to)}};
}

json run_json(const CertifiedRun& run) {
  return {{"run_id", run.run_id},
          {"kind", run.repair ? "repair" : "run"},
          {"started_at", base::to_rfc3339(run.started_at)},
          {"sealed_at", time_or_null(run.sealed_at)},
          {"plan_sha256", run.plan_sha256},
          {"database", text_or_null(run.database)},
          {"snapshots", run.snapshots},
          {"units", run.units},
          {"rows", run.rows},
          {"gates",
           {{"quality", flag_or_null(run.quality_passed)},
            {"validated", flag_or_null(run.validated)},
            {"reconciled", flag_or_null(run.reconciled)}}}};
}

json part_json(const CertifiedPart& part) {
  return {{"path", part.path},
          {"rows", part.rows},
          {"size_bytes", part.size_bytes},
          {"sha256", part.sha256},
          {"digest", to_string(part.digest)}};
}

/// With the class of loss of every column, also where there is none.
json columns_json(const Columns& columns) {
  json list = to_json(columns);
  for (std::size_t i = 0; i < columns.size(); ++i) list[i]["fidelity"] = name_of(columns[i].fidelity);
  return list;
}

template <class List, class Write>
json list_json(const List& list, Write&& write) {
  auto out = json::array();
  for (const auto& one : list) out.push_back(write(one));
  return out;
}

CertifiedSource read_source(FieldReader fields) {
  return {.engine = fields.text("engine"),
          .database = fields.text_or_empty("database"),
          .schema = fields.text_or_empty("schema"),
          .table = fields.text_or_empty("table"),
          .query = fields.text_or_empty("query"),
          .consistency = fields.text("consistency"),
          .read_from = fields.optional_time("read_from"),
          .read_to = fields.optional_time("read_to")};
}

std::optional<bool> optional_flag(FieldReader& fields, const char* key) {
  return fields.has(key) ? std::optional(fields.boolean(key)) : std::nullopt;
}

CertifiedRun read_run(FieldReader fields) {
  auto gates = fields.object("gates");
  return {.run_id = fields.text("run_id"),
          .repair = fields.text("kind") == "repair",
          .started_at = fields.time("started_at"),
          .sealed_at = fields.optional_time("sealed_at"),
          .plan_sha256 = fields.text("plan_sha256"),
          .database = fields.text_or_empty("database"),
          .snapshots = fields.texts("snapshots"),
          .units = fields.count("units"),
          .rows = fields.count("rows"),
          .quality_passed = optional_flag(gates, "quality"),
          .validated = optional_flag(gates, "validated"),
          .reconciled = optional_flag(gates, "reconciled")};
}

CertifiedPart read_part(FieldReader fields) {
  return {.path = fields.text("path"),
          .rows = fields.count("rows"),
          .size_bytes = fields.count("size_bytes"),
          .sha256 = fields.text("sha256"),
          .digest = fields.digest("digest")};
}

template <class Read>
auto read_list(FieldReader& fields, const char* key, Read&& read) {
  std::vector<decltype(read(fields))> out;
  const auto& list = fields.array(key);
  for (std::size_t i = 0; i < list.size(); ++i) out.push_back(read(fields.element(list[i], key, i)));
  return out;
}

json signature_json(const Signature& signature) {
  if (signature.public_key.empty()) {
    return {{"algorithm", kUnsigned}, {"sha256", signature.value}, {"note", kUnsignedNote}};
  }
  return {{"algorithm", kEd25519}, {"public_key", signature.public_key}, {"value", signature.value}};
}

Result<Signature> read_signature(FieldReader fields) {
  const auto algorithm = fields.text("algorithm");
  if (algorithm == kUnsigned) return Signature{.value = fields.text("sha256")};
  if (algorithm == kEd25519) return Signature{.public_key = fields.text("public_key"), .value = fields.text("value")};
  return fail(ErrorKind::data, fmt::format("it is signed by '{}', which this version does not know", algorithm));
}

}  // namespace

json to_json(const Certificate& c) {
  return {{"certificate_version", kCertificateVersion},
          {"issued_at", base::to_rfc3339(c.issued_at)},
          {"tool", {{"name", "rivet"}, {"version", c.tool_version}, {"sha256", c.tool_sha256}}},
          {"export_name", c.export_name},
          {"source", source_json(c.source)},
          {"destination", {{"uri", c.destination_uri}, {"format", c.format}, {"compression", c.compression}}},
          {"generation", c.generation},
          {"manifest", {{"path", c.manifest_path}, {"sha256", c.manifest_sha256}}},
          {"columns", columns_json(c.columns)},
          {"rows", c.rows},
          {"digest", to_string(c.digest)},
          {"parts", list_json(c.parts, part_json)},
          {"runs", list_json(c.runs, run_json)},
          {"reconciled_at", time_or_null(c.reconciled_at)},
          {"not_counted", list_json(c.uncounted, [](const UncountedFile& file) {
             return json{{"path", file.path}, {"size_bytes", file.size_bytes}};
           })}};
}

Result<Certificate> certificate_from_json(const json& value) {
  FieldReader fields(value, "statement");
  if (fields.count("certificate_version") != kCertificateVersion) {
    TRY(fields.finish());
    return fail(ErrorKind::data, "it is a certificate of another version");
  }
  auto columns = TRY(columns_from_json(fields.array("columns")));
  auto tool = fields.object("tool");
  auto destination = fields.object("destination");
  auto manifest = fields.object("manifest");
  Certificate out{.issued_at = fields.time("issued_at"),
                  .tool_version = tool.text("version"),
                  .tool_sha256 = tool.text("sha256"),
                  .export_name = fields.text("export_name"),
                  .source = read_source(fields.object("source")),
                  .destination_uri = destination.text("uri"),
                  .format = destination.text("format"),
                  .compression = destination.text("compression"),
                  .generation = fields.count("generation"),
                  .manifest_path = manifest.text("path"),
                  .manifest_sha256 = manifest.text("sha256"),
                  .columns = std::move(columns),
                  .rows = fields.count("rows"),
                  .digest = fields.digest("digest"),
                  .parts = read_list(fields, "parts", read_part),
                  .runs = read_list(fields, "runs", read_run),
                  .reconciled_at = fields.optional_time("reconciled_at"),
                  .uncounted = read_list(fields, "not_counted", [](FieldReader file) {
                    return UncountedFile{.path = file.text("path"), .size_bytes = file.count("size_bytes")};
                  })};
  TRY(fields.finish());
  return out;
}

std::string canonical_text(const json& value) { return dump_json(value); }

std::string file_text(const json& statement, const Signature& signature) {
  return canonical_text({{"statement", statement}, {"signature", signature_json(signature)}}) + "\n";
}

Result<CertificateFile> certificate_file_from_text(std::string_view text) {
  const auto value = TRY(parse_json(text));
  FieldReader fields(value, "certificate");
  auto signature = read_signature(fields.object("signature"));
  TRY(fields.finish());
  CertificateFile file;
  file.signature = TRY(std::move(signature));
  const auto statement = value.find("statement");
  if (statement == value.end()) return fail(ErrorKind::data, "there is no statement in it");
  file.certificate = TRY(certificate_from_json(*statement));
  file.statement = canonical_text(*statement);
  if (file_text(*statement, file.signature) == text) return file;
  return fail(ErrorKind::data, "it is not in the canonical form that certificates are written in");
}

bool holds(const CertificateFile& file) {
  const auto& [public_key, value] = file.signature;
  return public_key.empty() ? base::sha256_hex(file.statement) == value
                            : base::is_signed_by(public_key, file.statement, value);
}

std::vector<std::string> inconsistencies(const Certificate& certificate) {
  std::vector<std::string> problems;
  std::set<std::string> paths;
  std::uint64_t rows = 0;
  Digest sum;
  for (const auto& part : certificate.parts) {
    if (!is_safe_part_path(part.path)) problems.push_back(fmt::format("path {} leaves the folder", part.path));
    if (!paths.insert(part.path).second) problems.push_back(fmt::format("path {} is there twice", part.path));
    rows += static_cast<std::uint64_t>(part.rows);
    sum.rows += part.digest.rows;
    sum.low += part.digest.low;
    sum.high += part.digest.high;
  }
  if (rows != static_cast<std::uint64_t>(certificate.rows))
    problems.push_back(fmt::format("{} rows, the parts have {}", certificate.rows, rows));
  const auto& digest = certificate.digest;
  if (sum.rows != digest.rows || sum.low != digest.low || sum.high != digest.high) {
    problems.emplace_back("the digest is not the sum of those of the parts");
  }
  return problems;
}

std::string certificate_key(std::string_view export_name) { return fmt::format("certificate.{}.json", export_name); }

}  // namespace rivet::model
