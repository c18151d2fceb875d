// SPDX-License-Identifier: Apache-2.0
// Whether a manifest adds up, before anybody believes it.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "model/manifest.hpp"

namespace rivet::model {
namespace {

using Problems = std::vector<std::string>;

void check_head(const Manifest& manifest, Problems& problems) {
  if (manifest.version != kManifestVersion) problems.push_back(fmt::format("manifest_version is {}", manifest.version));
  if (const auto stated = manifest.stated_part_count; stated && std::cmp_not_equal(*stated, manifest.parts.size())) {
    problems.push_back(fmt::format("part_count is {}, but {} parts are listed", *stated, manifest.parts.size()));
  }
  const auto fingerprint = schema_fingerprint(manifest.columns);
  if (const auto& stated = manifest.stated_schema_fingerprint; !stated.empty() && stated != fingerprint) {
    problems.push_back(fmt::format("schema_fingerprint is {}, the columns give {}", stated, fingerprint));
  }
}

void check_rows(const Manifest& manifest, Problems& problems) {
  std::int64_t sum = 0;
  bool overflow = false;
  for (const auto& listed : manifest.parts) overflow |= __builtin_add_overflow(sum, listed.part.rows, &sum);
  if (overflow || sum != manifest.row_count) {
    problems.push_back(fmt::format("row_count is {}, the parts hold {}", manifest.row_count,
                                   overflow ? "more than fits" : fmt::format("{}", sum)));
  }
  if (std::cmp_not_equal(manifest.digest.rows, manifest.row_count)) {
    problems.push_back(fmt::format("row_count is {}, the digest covers {}", manifest.row_count, manifest.digest.rows));
  }
}

void check_part(const ManifestPart& listed, Problems& problems) {
  const auto& part = listed.part;
  if (!is_safe_part_path(part.path)) problems.push_back(fmt::format("path '{}' leaves the prefix", part.path));
  if (part.rows < 0 || part.size_bytes < 0) problems.push_back(fmt::format("part '{}' has negative counts", part.path));
  if (std::cmp_not_equal(part.digest.rows, part.rows)) {
    problems.push_back(
        fmt::format("part '{}' has {} rows, its digest covers {}", part.path, part.rows, part.digest.rows));
  }
}

void check_parts(const Manifest& manifest, Problems& problems) {
  std::set<std::int64_t> ids;
  std::set<std::string_view> paths;
  for (const auto& listed : manifest.parts) {
    check_part(listed, problems);
    if (!ids.insert(listed.part_id).second)
      problems.push_back(fmt::format("part id {} is listed twice", listed.part_id));
    if (!paths.insert(listed.part.path).second)
      problems.push_back(fmt::format("path '{}' is listed twice", listed.part.path));
  }
}

void check_digest(const Manifest& manifest, Problems& problems) {
  const auto source_columns = static_cast<std::size_t>(std::count_if(manifest.columns.begin(), manifest.columns.end(),
                                                                     [](const auto& column) { return !column.added; }));
  const auto covers_all = [&](const Digest& digest) {
    return digest.columns.size() == source_columns || (digest.columns.empty() && digest.rows == 0);
  };
  if (!covers_all(manifest.digest)) {
    problems.push_back(
        fmt::format("the digest covers {} columns of {}", manifest.digest.columns.size(), source_columns));
  }
  Digest sum;
  for (const auto& listed : manifest.parts) {
    if (!covers_all(listed.part.digest)) {
      problems.push_back(fmt::format("the digest of part '{}' covers {} columns of {}", listed.part.path,
                                     listed.part.digest.columns.size(), source_columns));
    }
    if (!mergeable(sum, listed.part.digest)) return;  // said above
    sum += listed.part.digest;
  }
  if (!same_value(sum, manifest.digest)) problems.emplace_back("the digests of the parts do not sum up to the digest");
}

}  // namespace

bool is_safe_part_path(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos) return false;
  for (std::size_t from = 0; from <= path.size();) {
    const auto slash = std::min(path.find('/', from), path.size());
    if (path.substr(from, slash - from) == "..") return false;
    from = slash + 1;
  }
  return true;
}

Problems inconsistencies(const Manifest& manifest) {
  Problems problems;
  check_head(manifest, problems);
  check_rows(manifest, problems);
  check_parts(manifest, problems);
  check_digest(manifest, problems);
  return problems;
}

}  // namespace rivet::model
