// SPDX-License-Identifier: Apache-2.0
// Light looks at manifest and marker, sample adds one listing, full reads every part back.
#include "verify/validate.hpp"

#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "batch/row_hash.hpp"
#include "model/manifest.hpp"
#include "verify/misfit_rows.hpp"
#include "verify/part_check.hpp"

namespace rivet::verify {
namespace {

using model::FindingKind;
using model::VerifyDepth;

class Validation {
 public:
  Validation(const destination::Destination& destination, const ValidateRequest& request)
      : destination_(destination), request_(request) {
    verdict_.depth = request.depth;
  }

  Result<model::ManifestVerification> run() {
    if (!TRY(load_manifest())) return std::move(verdict_);
    TRY(check_marker());
    if (request_.depth != VerifyDepth::light) TRY(check_listing());
    if (request_.depth == VerifyDepth::full) TRY(check_contents());
    return std::move(verdict_);
  }

 private:
  Result<bool> load_manifest();
  Result<std::optional<std::string>> read_manifest_text();
  Result<bool> has_own_marker();
  Result<void> check_marker();
  Result<void> check_listing();
  void check_object(const model::ManifestPart& part, const std::map<std::string, destination::StoredObject>& objects);
  Result<void> report_untracked(const std::map<std::string, destination::StoredObject>& objects);
  Result<std::set<std::string>> tracked(const std::map<std::string, destination::StoredObject>& objects);
  Result<void> check_contents();
  Result<std::optional<model::Finding>> content_problem(const format::Format& format, const model::ManifestPart& entry);
  Result<std::vector<std::string>> row_hash_covered(const std::string& run_id);
  void add(FindingKind kind, std::string key, std::string detail) {
    verdict_.findings.push_back({.kind = kind, .key = std::move(key), .detail = std::move(detail)});
  }

  const destination::Destination& destination_;
  const ValidateRequest& request_;
  model::ManifestVerification verdict_;
  std::string manifest_text_;
  model::Manifest manifest_;
  std::map<std::string, std::size_t> failed_parts_;  // to the finding about each
};

/// The export's own manifest; the plain one only when it speaks of this export.
Result<std::optional<std::string>> Validation::read_manifest_text() {
  const auto read = [&](const std::string& key) {
    return destination::read_text(destination_, key, model::kManifestLimitBytes);
  };
  if (!request_.run_id.empty()) return read(model::run_manifest_key(request_.run_id));
  if (auto own = TRY(read(model::manifest_key(request_.export_name)))) return own;
  auto plain = TRY(read(std::string(model::kCompatManifestKey)));
  if (!plain) return plain;
  const auto parsed = model::manifest_from_json_text(*plain);
  if (!parsed || parsed->export_name != request_.export_name) return std::nullopt;
  return plain;
}

/// Whether this export was published here once, so that it cannot be output from before there were manifests.
Result<bool> Validation::has_own_marker() {
  const auto marker =
      destination::read_text(destination_, model::success_key(request_.export_name), model::kSuccessLimitBytes);
  if (!marker && marker.error().kind != ErrorKind::data) return fail(marker.error());
  return !marker || marker->has_value();
}

Result<bool> Validation::load_manifest() {
  auto text = read_manifest_text();
  if (!text && text.error().kind != ErrorKind::data) return fail(std::move(text).error());
  if (!text) {
    add(FindingKind::manifest_read_error, "", text.error().message);
    return false;
  }
  if (!*text) {
    const bool was_published = TRY(has_own_marker());
    verdict_.legacy_run = !request_.require_manifest && !was_published;
    if (was_published) {
      add(FindingKind::manifest_required, "", "there is a completion marker, but no manifest that it vouches for");
    } else if (request_.require_manifest) {
      add(FindingKind::manifest_required, "", "there is no manifest at this prefix");
    }
    return false;
  }
  verdict_.manifest_found = true;
  manifest_text_ = std::move(**text);
  auto parsed = model::manifest_from_json_text(manifest_text_);
  if (!parsed) {
    add(FindingKind::manifest_read_error, "", parsed.error().message);
    return false;
  }
  manifest_ = std::move(*parsed);
  verdict_.run_id = manifest_.run_id;
  verdict_.generation = manifest_.generation;
  const auto problems = model::inconsistencies(manifest_);
  for (const auto& problem : problems) add(FindingKind::manifest_inconsistent, "", problem);
  verdict_.manifest_self_consistent = problems.empty();
  return verdict_.manifest_self_consistent;
}

Result<void> Validation::check_marker() {
  if (!request_.run_id.empty()) {
    verdict_.success_marker_consistent = true;  // the copy of one run has no marker of its own
    return {};
  }
  auto key = model::success_key(request_.export_name);
  auto marker = destination::read_text(destination_, key, model::kSuccessLimitBytes);
  if (marker && !*marker) {
    key = std::string(model::kCompatSuccessKey);
    marker = destination::read_text(destination_, key, model::kSuccessLimitBytes);
  }
  if (!marker && marker.error().kind != ErrorKind::data) return fail(std::move(marker).error());
  if (!marker) {
    add(FindingKind::success_read_error, key, marker.error().message);
  } else if (!*marker) {
    add(FindingKind::success_malformed, key, "there is no completion marker: the run did not finish publishing");
  } else if (!(*marker)->starts_with("xxh3:")) {
    add(FindingKind::success_malformed, key, "the completion marker is not a hash");
  } else if (**marker != model::success_marker(manifest_text_)) {
    add(FindingKind::success_stale, key, "the completion marker vouches for another manifest");
  } else {
    verdict_.success_marker_consistent = true;
  }
  return {};
}

Result<void> Validation::check_listing() {
  std::map<std::string, destination::StoredObject> objects;
  for (auto& object : TRY(destination_.list())) objects.emplace(object.key, object);
  for (const auto& part : manifest_.parts) check_object(part, objects);
  return report_untracked(objects);
}

void Validation::check_object(const model::ManifestPart& entry,
                              const std::map<std::string, destination::StoredObject>& objects) {
  const auto& part = entry.part;
  const auto found = objects.find(part.path);
  const auto findings_before = verdict_.findings.size();
  if (found == objects.end()) {
    add(FindingKind::part_missing, part.path, "listed in the manifest, not there");
  } else if (found->second.size_bytes != part.size_bytes) {
    add(FindingKind::part_size_mismatch, part.path,
        fmt::format("manifest {} bytes, destination {}", part.size_bytes, found->second.size_bytes));
  } else if (!found->second.md5_base64.empty() && !part.content_md5.empty()) {
    if (found->second.md5_base64 == part.content_md5) {
      ++verdict_.parts_md5_verified;
    } else {
      add(FindingKind::part_checksum_mismatch, part.path,
          fmt::format("manifest MD5 {}, destination {}", part.content_md5, found->second.md5_base64));
    }
  } else if (request_.require_content && request_.depth != VerifyDepth::full) {
    add(FindingKind::content_unmet, part.path, "the destination offers no MD5; use --depth full to read the bytes");
  }
  if (verdict_.findings.size() > findings_before) {
    failed_parts_.emplace(part.path, findings_before);
    ++verdict_.parts_failed;
  } else {
    ++verdict_.parts_verified;
  }
}

/// Paths that any manifest of this prefix accounts for: those of all exports, and those of earlier runs, whose
/// superseded parts stay for readers that still hold them.
Result<std::set<std::string>> Validation::tracked(const std::map<std::string, destination::StoredObject>& objects) {
  std::set<std::string> paths;
  for (const auto& part : manifest_.parts) paths.insert(part.part.path);
  for (const auto& [key, object] : objects) {
    const bool is_manifest = key.starts_with("manifest.") || key.starts_with("manifest-");
    if (!is_manifest || !key.ends_with(".json")) continue;
    const auto text = destination::read_text(destination_, key, model::kManifestLimitBytes);
    if (!text || !*text) continue;
    const auto other = model::manifest_from_json_text(**text);
    if (!other) continue;
    for (const auto& part : other->parts) paths.insert(part.part.path);
    for (const auto& part : other->superseded) paths.insert(part.path);
  }
  return paths;
}

Result<void> Validation::report_untracked(const std::map<std::string, destination::StoredObject>& objects) {
  const auto paths = TRY(tracked(objects));
  for (const auto& [key, object] : objects) {
    if (model::is_no_part(key) || paths.contains(key)) continue;
    verdict_.findings.push_back({.kind = FindingKind::untracked_object, .key = key, .size_bytes = object.size_bytes});
  }
  return {};
}

/// What the row hashes of a run's parts were taken over; empty when they cannot be computed again.
Result<std::vector<std::string>> Validation::row_hash_covered(const std::string& run_id) {
  const auto of = [](const model::Manifest& manifest) {
    return manifest.row_hash_render == batch::kRowHashRender ? manifest.row_hash_covered : std::vector<std::string>{};
  };
  if (run_id == manifest_.run_id) return of(manifest_);
  const auto text = destination::read_text(destination_, model::run_manifest_key(run_id), model::kManifestLimitBytes);
  if (!text && text.error().kind != ErrorKind::data) return fail(text.error());
  if (!text || !*text) return std::vector<std::string>{};
  const auto own = model::manifest_from_json_text(**text);
  return own ? of(*own) : std::vector<std::string>{};
}

/// What is wrong with a part's bytes and values, and in which rows; nothing when they are right.
Result<std::optional<model::Finding>> Validation::content_problem(const format::Format& format,
                                                                  const model::ManifestPart& entry) {
  const auto* columns = model::columns_of(manifest_, entry);
  if (columns == nullptr) return fail(ErrorKind::internal, "a part of a consistent manifest has no schema");
  auto problem = TRY(read_part(destination_, format, *columns, entry.part)).damage;
  if (!problem) return problem;
  const auto covered = TRY(row_hash_covered(entry.part.run_id));
  const auto rows = to_sentence(TRY(misfit_rows(destination_, format, *columns, entry.part, covered)));
  if (!rows.empty()) problem->detail += "; " + rows;
  return problem;
}

/// A part that the listing showed to be another one is read all the same: it may tell which values are.
Result<void> Validation::check_contents() {
  const auto format = TRY(request_.make_format(manifest_.format));
  for (const auto& entry : manifest_.parts) {
    const auto failed = failed_parts_.find(entry.part.path);
    auto* const known = failed == failed_parts_.end() ? nullptr : &verdict_.findings[failed->second];
    if (known != nullptr && known->kind == FindingKind::part_missing) continue;
    auto problem = TRY(content_problem(*format, entry));
    if (known != nullptr) {
      if (problem) known->detail += "; " + problem->detail;
    } else if (problem) {
      verdict_.findings.push_back(std::move(*problem));
      ++verdict_.parts_failed;
      --verdict_.parts_verified;
    } else {
      verdict_.rows_verified += entry.part.rows;
    }
  }
  return {};
}

}  // namespace

Result<model::ManifestVerification> validate(const destination::Destination& destination,
                                             const ValidateRequest& request) {
  return Validation(destination, request).run();
}

}  // namespace rivet::verify
