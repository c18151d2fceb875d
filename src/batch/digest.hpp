// SPDX-License-Identifier: Apache-2.0
// Digest version 1 over record batches (docs/digest.md).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "batch/schema.hpp"
#include "model/digest.hpp"

namespace rivet::batch {

/// One hash per cell of a column (NULL included), by the rule of the digest for ordinal 0: equal values, equal hashes.
/// REQUIRES: `cells` has the storage type of `type`.
std::vector<std::uint64_t> cell_hashes(const arrow::Array& cells, const model::LogicalType& type);

/// Whether cell_hashes() of both types are equal exactly where the values are.
bool same_cells(const model::LogicalType& a, const model::LogicalType& b);

/// Accumulates the digest of the batches of one part. Columns that we add are left out.
/// One thread may call it at a time.
class Digester {
 public:
  explicit Digester(const model::Columns& columns);
  ~Digester();
  Digester(Digester&&) noexcept;

  /// Adds all rows. REQUIRES: `rows` has batch_schema(columns) as its types.
  void add(const arrow::RecordBatch& rows);

  /// The digest since construction or the last take(), which starts the next one.
  model::Digest take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rivet::batch
