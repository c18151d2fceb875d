// SPDX-License-Identifier: Apache-2.0
// Whether a manifest adds up, before anybody believes it.
#include <algorithm>
#include <set>
#include <utility>

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
  for (const auto& part : manifest.superseded) {
    if (!is_safe_part_path(part.path)) problems.push_back(fmt::format("path '{}' leaves the prefix", part.path));
    if (paths.contains(part.path)) problems.push_back(fmt::format("part '{}' is listed and superseded", part.path));
  }
}

void check_schemas(const Manifest& manifest, Problems& problems) {
  std::set<std::string_view> named;
  std::set<std::string> listed{schema_fingerprint(manifest.columns)};
  for (const auto& part : manifest.parts) {
    named.insert(part.schema_fingerprint);
    if (columns_of(manifest, part) == nullptr) {
      problems.push_back(fmt::format("part '{}' was written with schema '{}', which is not listed", part.part.path,
                                     part.schema_fingerprint));
    }
  }
  for (const auto& schema : manifest.earlier_schemas) {
    const auto& name = schema.fingerprint;
    if (const auto found = schema_fingerprint(schema.columns); found != name) {
      problems.push_back(fmt::format("the columns of earlier schema '{}' give {}", name, found));
    }
    if (!listed.insert(name).second) problems.push_back(fmt::format("schema '{}' is listed twice", name));
    if (!named.contains(name)) problems.push_back(fmt::format("no part was written with earlier schema '{}'", name));
  }
}

/// Whether the digest has a sum for each of so many columns; one of no rows may have none at all.
bool has_sums(const Digest& digest, std::int64_t columns) {
  return std::cmp_equal(digest.columns.size(), columns) || (digest.columns.empty() && digest.rows == 0);
}

/// Whether the digests of all parts cover the columns that these were written with.
bool check_part_digests(const Manifest& manifest, Problems& problems) {
  const auto before = problems.size();
  for (const auto& listed : manifest.parts) {
    const auto* columns = columns_of(manifest, listed);
    if (columns == nullptr) continue;
    const auto expected = std::count_if(columns->begin(), columns->end(), [](const auto& c) { return !c.added; });
    if (has_sums(listed.part.digest, expected)) continue;
    problems.push_back(fmt::format("the digest of part '{}' covers {} columns of {}", listed.part.path,
                                   listed.part.digest.columns.size(), expected));
  }
  return problems.size() == before;
}

void check_digest(const Manifest& manifest, Problems& problems) {
  const auto summed = static_cast<std::int64_t>(summed_columns(manifest).size());
  if (!has_sums(manifest.digest, summed)) {
    problems.push_back(fmt::format("the digest covers {} columns of {}", manifest.digest.columns.size(), summed));
  }
  if (!check_part_digests(manifest, problems)) return;
  if (!same_value(sum_of_parts(manifest), manifest.digest)) {
    problems.emplace_back("the digests of the parts do not sum up to the digest");
  }
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
  check_schemas(manifest, problems);
  check_digest(manifest, problems);
  return problems;
}

}  // namespace rivet::model
