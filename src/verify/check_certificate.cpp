// SPDX-License-Identifier: Apache-2.0
// First whether the statement can be believed, then whether it fits the manifest, then the files.
#include "verify/check_certificate.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/signature.hpp"
#include "model/manifest.hpp"
#include "verify/validate.hpp"

namespace rivet::verify {
namespace {

using model::Certificate;
using model::FindingKind;

class Check {
 public:
  Check(const destination::Destination& destination, const CheckRequest& request)
      : destination_(destination), request_(request) {}

  Result<CertificateCheck> run(std::string_view text) {
    if (!believe(text)) return std::move(result_);
    if (TRY(check_manifest())) TRY(check_output());
    TRY(check_parts());
    if (!request_.allow_added) TRY(find_added());
    return std::move(result_);
  }

 private:
  bool believe(std::string_view text);
  bool is_trusted();
  Result<bool> check_manifest();
  void compare(const model::Manifest& manifest);
  Result<void> check_output();
  Result<void> check_parts();
  Result<void> find_added();
  const Certificate& statement() const { return result_.file->certificate; }
  void add(FindingKind kind, std::string key, std::string detail) {
    result_.findings.push_back({.kind = kind, .key = std::move(key), .detail = std::move(detail)});
  }

  const destination::Destination& destination_;
  const CheckRequest& request_;
  CertificateCheck result_;
};

bool Check::believe(std::string_view text) {
  auto file = model::certificate_file_from_text(text);
  if (!file) {
    add(FindingKind::certificate_invalid, "", "this is no certificate, or was edited: " + file.error().message);
    return false;
  }
  result_.file = std::move(*file);
  if (!model::holds(*result_.file)) {
    add(FindingKind::certificate_invalid, "", "the statement was changed after it was signed");
    return false;
  }
  for (const auto& problem : model::inconsistencies(statement())) add(FindingKind::certificate_invalid, "", problem);
  return is_trusted() && result_.passed();
}

bool Check::is_trusted() {
  const auto& key = result_.file->signature.public_key;
  if (request_.trusted_key.empty()) return true;
  result_.trusted = key == request_.trusted_key;
  if (result_.trusted) return true;
  add(FindingKind::certificate_invalid, "",
      key.empty() ? "it is not signed, and a key was asked for"
                  : fmt::format("it is signed with key {}, not with {}", base::key_fingerprint(key),
                                base::key_fingerprint(request_.trusted_key)));
  return false;
}

/// Whether the manifest is the one that was certified.
Result<bool> Check::check_manifest() {
  const auto& path = statement().manifest_path;
  const auto text = destination::read_text(destination_, path, model::kManifestLimitBytes);
  if (!text && text.error().kind != ErrorKind::data) return fail(text.error());
  if (text && !*text) {
    add(FindingKind::manifest_required, path, "it is not there");
    return false;
  }
  if (text && base::sha256_hex(**text) == statement().manifest_sha256) {
    if (const auto manifest = model::manifest_from_json_text(**text)) compare(*manifest);
    return true;
  }
  const auto other = text ? model::manifest_from_json_text(**text) : fail(text.error());
  const bool newer = other && other->generation != statement().generation;
  add(FindingKind::manifest_changed, path,
      newer ? fmt::format("it is generation {} of the output, the certificate is about {}", other->generation,
                          statement().generation)
            : "it is not the one that was certified");
  return false;
}

std::vector<model::CertifiedPart> parts_of(const model::Manifest& manifest, const Certificate& certificate) {
  std::vector<model::CertifiedPart> parts;
  for (std::size_t i = 0; i < manifest.parts.size(); ++i) {
    const auto& part = manifest.parts[i].part;
    parts.push_back({.path = part.path,
                     .rows = part.rows,
                     .size_bytes = part.size_bytes,
                     .sha256 = i < certificate.parts.size() ? certificate.parts[i].sha256 : "",
                     .digest = part.digest});
  }
  return parts;
}

/// What stands in both is the same in both.
void Check::compare(const model::Manifest& manifest) {
  const auto& stated = statement();
  const auto must_be = [&](bool same, std::string_view what) {
    if (!same) add(FindingKind::certificate_invalid, "", fmt::format("its {} not those of the manifest", what));
  };
  must_be(stated.export_name == manifest.export_name && stated.generation == manifest.generation,
          "export and generation are");
  must_be(stated.rows == manifest.row_count && stated.digest == manifest.digest, "rows and digest are");
  must_be(stated.columns == manifest.columns, "columns are");
  must_be(stated.format == manifest.format && stated.compression == manifest.compression, "formats are");
  must_be(stated.source.schema == manifest.source.schema && stated.source.table == manifest.source.table,
          "schema and table are");
  must_be(stated.parts == parts_of(manifest, stated), "parts are");
}

/// Marker, listing and values, as `rivet validate` does it.
Result<void> Check::check_output() {
  auto verdict =
      TRY(validate(destination_, {.export_name = statement().export_name,
                                  .depth = request_.read_values ? model::VerifyDepth::full : model::VerifyDepth::light,
                                  .run_id = {},
                                  .require_manifest = true,
                                  .require_content = false,
                                  .make_format = request_.make_format}));
  for (auto& finding : verdict.findings) {
    if (!model::is_advisory(finding.kind)) result_.findings.push_back(std::move(finding));
  }
  result_.rows_verified = verdict.rows_verified;
  return {};
}

Result<void> Check::check_parts() {
  std::set<std::string> found_wrong;
  for (const auto& finding : result_.findings) found_wrong.insert(finding.key);
  for (const auto& part : statement().parts) {
    if (found_wrong.contains(part.path)) continue;
    const auto sum = TRY(destination::checksum(destination_, part.path));
    if (!sum) {
      add(FindingKind::part_missing, part.path, "certified, and not there");
    } else if (sum->size_bytes != part.size_bytes) {
      add(FindingKind::part_size_mismatch, part.path,
          fmt::format("certified with {} bytes, has {}", part.size_bytes, sum->size_bytes));
    } else if (sum->sha256 != part.sha256) {
      add(FindingKind::part_checksum_mismatch, part.path,
          fmt::format("certified with SHA-256 {}, has {}", part.sha256, sum->sha256));
    } else {
      ++result_.parts_verified;
    }
  }
  return {};
}

Result<void> Check::find_added() {
  std::set<std::string> known;
  for (const auto& part : statement().parts) known.insert(part.path);
  for (const auto& file : statement().uncounted) known.insert(file.path);
  for (const auto& object : TRY(destination_.list())) {
    if (model::is_no_part(object.key) || known.contains(object.key)) continue;
    add(FindingKind::object_added, object.key, "the certificate does not know it");
  }
  return {};
}

}  // namespace

Result<CertificateCheck> check_certificate(std::string_view text, const destination::Destination& destination,
                                           const CheckRequest& request) {
  return Check(destination, request).run(text);
}

}  // namespace rivet::verify
