// SPDX-License-Identifier: Apache-2.0
// Parts of one manifest may have been written with different columns: which, and what their digests add up to.
#include <algorithm>

#include "model/manifest.hpp"

namespace rivet::model {
namespace {

/// The columns that the digest of a part covers, in its order.
Columns source_columns(const Columns& columns) {
  Columns covered;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(covered), [](const auto& c) { return !c.added; });
  return covered;
}

/// The places of summed_columns() among the source columns, the same in every schema.
std::vector<std::size_t> summed_places(const Manifest& manifest) {
  const auto newest = source_columns(manifest.columns);
  std::vector<std::size_t> places(newest.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  for (const auto& schema : manifest.earlier_schemas) {
    const auto earlier = source_columns(schema.columns);
    std::erase_if(places, [&](std::size_t at) {
      return at >= earlier.size() || earlier[at].name != newest[at].name || !(earlier[at].type == newest[at].type);
    });
  }
  return places;
}

}  // namespace

const Columns* columns_of(const Manifest& manifest, const ManifestPart& listed) {
  if (listed.schema_fingerprint.empty()) return &manifest.columns;
  const auto& schemas = manifest.earlier_schemas;
  const auto found = std::find_if(schemas.begin(), schemas.end(),
                                  [&](const auto& schema) { return schema.fingerprint == listed.schema_fingerprint; });
  return found == schemas.end() ? nullptr : &found->columns;
}

Columns summed_columns(const Manifest& manifest) {
  const auto newest = source_columns(manifest.columns);
  Columns summed;
  for (const auto place : summed_places(manifest)) summed.push_back(newest[place]);
  return summed;
}

Digest sum_of_parts(const Manifest& manifest) {
  const auto places = summed_places(manifest);
  Digest sum;
  sum.columns.resize(places.size());
  for (const auto& listed : manifest.parts) {
    const auto& digest = listed.part.digest;
    sum.rows += digest.rows;
    sum.low += digest.low;
    sum.high += digest.high;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i] < digest.columns.size()) sum.columns[i] += digest.columns[places[i]];
    }
  }
  return sum;
}

}  // namespace rivet::model
