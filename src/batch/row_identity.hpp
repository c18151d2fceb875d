// SPDX-License-Identifier: Apache-2.0
// What tells one row from another across runs: 16 bytes over some of its columns.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "batch/schema.hpp"

namespace rivet::batch {

/// XXH3-128 over the cell hashes of the covered columns in order (docs/digest.md, "Cell"), low half first.
using RowId = std::array<std::uint64_t, 2>;

/// Identifies rows by some of their columns. Immutable; any thread may call it.
class RowIdentity {
 public:
  /// Kind config for a name that is no column.
  static Result<RowIdentity> make(const model::Columns& columns, const std::vector<std::string>& covered);

  /// Whether equal ids of both mean the same values in columns of the same names.
  bool agrees_with(const RowIdentity& other) const;

  /// One id per row. REQUIRES: `rows` has batch_schema of the columns of make().
  std::vector<RowId> of(const arrow::RecordBatch& rows) const;

 private:
  struct Covered {
    std::string name;
    int index;
    model::LogicalType type;
  };

  std::vector<Covered> columns_;
};

}  // namespace rivet::batch
