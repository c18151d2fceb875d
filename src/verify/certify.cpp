// SPDX-License-Identifier: Apache-2.0
// The manifest says what counts, the state where it came from, and the bytes speak for themselves.
#include "verify/certify.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "model/manifest.hpp"
#include "model/plan.hpp"
#include "verify/validate.hpp"

namespace rivet::verify {
namespace {

using model::Certificate;

tl::unexpected<Error> moved_on(std::string message) {
  return fail(Error{.kind = ErrorKind::conflict,
                    .message = std::move(message),
                    .code = "RIVET_CERTIFY_MOVED_ON",
                    .hint = "wait for the run that publishes there, then certify again"});
}

Result<void> require_valid(const CertifyRequest& request) {
  const auto verdict = TRY(validate(request.destination, {.export_name = request.export_name,
                                                          .depth = model::VerifyDepth::full,
                                                          .run_id = {},
                                                          .require_manifest = true,
                                                          .require_content = false,
                                                          .make_format = request.make_format}));
  const auto bad = std::find_if(verdict.findings.begin(), verdict.findings.end(),
                                [](const model::Finding& finding) { return !model::is_advisory(finding.kind); });
  if (bad == verdict.findings.end()) return {};
  return fail(Error{.kind = ErrorKind::data,
                    .message = fmt::format("the output of export '{}' is not what was written: {} {}: {}",
                                           request.export_name, model::name_of(bad->kind), bad->key, bad->detail),
                    .code = std::string(model::code_of(bad->kind)),
                    .hint = "rivet validate names all of it; rivet repair --auto mends it"});
}

struct ReadManifest {
  model::Manifest manifest;
  std::string sha256;
};

Result<ReadManifest> read_manifest(const CertifyRequest& request) {
  const auto key = model::manifest_key(request.export_name);
  const auto text = TRY(destination::read_text(request.destination, key, model::kManifestLimitBytes));
  if (!text) return moved_on(fmt::format("{} is gone", key));
  ReadManifest out{.manifest = TRY(model::manifest_from_json_text(*text)), .sha256 = base::sha256_hex(*text)};
  if (out.manifest.generation == request.output.generation) return out;
  return moved_on(fmt::format("{} is generation {} of the output, and the state knows {}", key, out.manifest.generation,
                              request.output.generation));
}

Result<std::vector<model::CertifiedPart>> certify_parts(const CertifyRequest& request,
                                                        const model::Manifest& manifest) {
  std::vector<model::CertifiedPart> parts;
  for (const auto& listed : manifest.parts) {
    const auto& part = listed.part;
    const auto sum = TRY(destination::checksum(request.destination, part.path));
    if (!sum) return moved_on(part.path + " is gone");
    parts.push_back({.path = part.path,
                     .rows = part.rows,
                     .size_bytes = sum->size_bytes,
                     .sha256 = sum->sha256,
                     .digest = part.digest});
  }
  return parts;
}

Result<std::vector<model::UncountedFile>> list_uncounted(const CertifyRequest& request,
                                                         const model::Manifest& manifest) {
  std::set<std::string> counted;
  for (const auto& listed : manifest.parts) counted.insert(listed.part.path);
  std::vector<model::UncountedFile> files;
  for (const auto& object : TRY(request.destination.list())) {
    if (model::is_no_part(object.key) || counted.contains(object.key)) continue;
    files.push_back({.path = object.key, .size_bytes = object.size_bytes});
  }
  return files;
}

void add_units(const CurrentOutput& output, model::CertifiedRun& run) {
  for (const auto& subject : output.subjects) {
    for (const auto& unit : subject.units) {
      if (unit.run_id != run.run_id) continue;
      ++run.units;
      run.rows += unit.view.rows;
      const auto& instant = unit.view.snapshot;
      const bool known = std::find(run.snapshots.begin(), run.snapshots.end(), instant) != run.snapshots.end();
      if (!instant.empty() && !known) run.snapshots.push_back(instant);
    }
  }
}

Result<void> add_gates(const CertifyRequest& request, model::CertifiedRun& run) {
  const auto metrics = TRY(request.store.metrics({.export_name = {}, .run_id = run.run_id, .limit = 1}));
  if (metrics.empty()) return {};
  run.quality_passed = metrics.front().quality_passed;
  run.validated = metrics.front().validated;
  run.reconciled = metrics.front().reconciled;
  return {};
}

Result<std::vector<model::CertifiedRun>> certify_runs(const CertifyRequest& request) {
  std::vector<model::CertifiedRun> runs;
  for (const auto& [run_id, plan] : request.output.plans) {
    const auto view = TRY(request.store.run(run_id));
    if (!view) return fail(ErrorKind::data, "the state store lost run " + run_id);
    auto& run = runs.emplace_back(model::CertifiedRun{.run_id = run_id,
                                                      .repair = model::is_repair(*plan),
                                                      .started_at = view->started_at,
                                                      .sealed_at = view->sealed_at,
                                                      .plan_sha256 = base::sha256_hex(view->plan_json),
                                                      .database = plan->source_id,
                                                      .snapshots = {}});
    add_units(request.output, run);
    TRY(add_gates(request, run));
  }
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.started_at < b.started_at; });
  return runs;
}

void add_instants(const CurrentOutput& output, model::CertifiedSource& source) {
  for (const auto& subject : output.subjects) {
    for (const auto& unit : subject.units) {
      const auto& at = unit.view.read_at;
      if (!at) continue;
      source.read_from = source.read_from ? std::min(*source.read_from, *at) : *at;
      source.read_to = source.read_to ? std::max(*source.read_to, *at) : *at;
    }
  }
}

model::CertifiedSource certify_source(const CurrentOutput& output, const model::Manifest& manifest) {
  const auto& plan = *output.plans.at(output.run.run_id);
  model::CertifiedSource source{.engine = plan.source_engine,
                                .database = plan.source_id,
                                .schema = plan.relation.schema,
                                .table = plan.relation.table,
                                .query = plan.relation.query,
                                .consistency = manifest.source.consistency};
  add_instants(output, source);
  return source;
}

/// When everything that counts was last found to match; nothing once more was committed since.
Result<std::optional<base::Timestamp>> reconciled_at(const CertifyRequest& request) {
  for (const auto& known : TRY(request.store.progression({.export_name = request.export_name, .limit = 0}))) {
    if (known.export_name != request.export_name || !known.committed || !known.verified) continue;
    const auto &committed = *known.committed, &verified = *known.verified;
    if (committed.cursor == verified.cursor && committed.chunk_index == verified.chunk_index &&
        committed.run_id == verified.run_id) {
      return verified.at;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Certificate> certify(const CertifyRequest& request) {
  TRY(require_valid(request));
  const auto [manifest, sha256] = TRY(read_manifest(request));
  Certificate certificate{.issued_at = request.now,
                          .tool_version = request.tool_version,
                          .tool_sha256 = request.tool_sha256,
                          .export_name = request.export_name,
                          .source = certify_source(request.output, manifest),
                          .destination_uri = manifest.destination_uri,
                          .format = manifest.format,
                          .compression = manifest.compression,
                          .generation = manifest.generation,
                          .manifest_path = model::manifest_key(request.export_name),
                          .manifest_sha256 = sha256,
                          .columns = manifest.columns,
                          .rows = manifest.row_count,
                          .digest = manifest.digest};
  certificate.parts = TRY(certify_parts(request, manifest));
  certificate.runs = TRY(certify_runs(request));
  certificate.reconciled_at = TRY(reconciled_at(request));
  certificate.uncounted = TRY(list_uncounted(request, manifest));
  if (TRY(read_manifest(request)).sha256 != sha256) return moved_on("the output was published anew meanwhile");
  return certificate;
}

}  // namespace rivet::verify
