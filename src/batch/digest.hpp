// SPDX-License-Identifier: Apache-2.0
// Digest version 1 over record batches (docs/digest.md).
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "batch/schema.hpp"
#include "model/digest.hpp"

namespace rivet::batch {

/// One hash per cell of a column (NULL included), by the rule of the digest for ordinal 0: equal values, equal hashes.
/// REQUIRES: `cells` has the storage type of `type`.
std::vector<std::uint64_t> cell_hashes(const arrow::Array& cells, const model::LogicalType& type);

/// Whether cell_hashes() of both types are equal exactly where the values are.
bool same_cells(const model::LogicalType& a, const model::LogicalType& b);

/// XXH3-128 over the cell hashes of a row.
struct RowHash {
  std::uint64_t low = 0, high = 0;

  auto operator<=>(const RowHash&) const = default;
};

/// Sees a row while its digest is taken: its number in the batch, its cell hashes in column order, their hash.
using RowObserver = std::function<void(std::int64_t row, std::span<const std::uint64_t> cells, const RowHash& hash)>;

/// Accumulates the digest of the batches of one part. Columns that we add are left out.
/// One thread may call it at a time.
class Digester {
 public:
  explicit Digester(const model::Columns& columns);
  ~Digester();
  Digester(Digester&&) noexcept;

  /// Adds all rows. REQUIRES: `rows` has batch_schema(columns) as its types.
  void add(const arrow::RecordBatch& rows);
  /// The same, and shows each row to `observe`.
  void add(const arrow::RecordBatch& rows, const RowObserver& observe);

  /// The digest since construction or the last take(), which starts the next one.
  model::Digest take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rivet::batch
