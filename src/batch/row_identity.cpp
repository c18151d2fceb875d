// SPDX-License-Identifier: Apache-2.0
// Hashes of cells, hashed again row by row.
#include "batch/row_identity.hpp"

#include <algorithm>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "batch/digest.hpp"

namespace rivet::batch {

Result<RowIdentity> RowIdentity::make(const model::Columns& columns, const std::vector<std::string>& covered) {
  RowIdentity identity;
  for (const auto& name : covered) {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; });
    if (found == columns.end()) return fail(ErrorKind::config, fmt::format("'{}' is not a column of the source", name));
    identity.columns_.push_back({name, static_cast<int>(found - columns.begin()), found->type});
  }
  return identity;
}

bool RowIdentity::agrees_with(const RowIdentity& other) const {
  return std::equal(columns_.begin(), columns_.end(), other.columns_.begin(), other.columns_.end(),
                    [](const auto& a, const auto& b) { return a.name == b.name && same_cells(a.type, b.type); });
}

std::vector<RowId> RowIdentity::of(const arrow::RecordBatch& rows) const {
  std::vector<std::vector<std::uint64_t>> hashes;
  for (const auto& column : columns_) hashes.push_back(cell_hashes(*rows.column(column.index), column.type));
  std::vector<RowId> ids(static_cast<std::size_t>(rows.num_rows()));
  std::vector<std::uint64_t> cells(columns_.size());
  for (std::size_t row = 0; row < ids.size(); ++row) {
    for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = hashes[i][row];
    const auto hash = XXH3_128bits(cells.data(), cells.size() * sizeof(std::uint64_t));
    ids[row] = {hash.low64, hash.high64};
  }
  return ids;
}

}  // namespace rivet::batch
