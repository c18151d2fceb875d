// SPDX-License-Identifier: Apache-2.0
// The columns we add to an export: the instant of the export and a hash of the row.
#pragma once

#include "base/clock.hpp"
#include "batch/cell_text.hpp"
#include "batch/schema.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rivet::batch {

inline constexpr std::string_view kExportedAtColumn = "_rivet_exported_at";
inline constexpr std::string_view kRowHashColumn = "_rivet_row_hash";
/// Names the text forms the hash is taken over (CellWriter), for the manifest: equal ids, comparable hashes.
inline constexpr std::string_view kRowHashRender = "xxh3-128-i64-rivet-text-v1";

/// Hashes rows over some of their columns. Immutable; any thread may call it.
///
/// Per covered column in order: a tag byte (0 NULL, 1 value) and for a value its length as 32 bits little-endian
/// and its text (CellWriter); the hash is the low half of XXH3-128 over all of it, as a signed number.
class RowHasher {
 public:
  /// Covers the columns named in `covered`, in that order; empty: all of `columns`. Kind config for a name that
  /// is not there or comes twice, and for a list column, whose elements the hash does not define.
  static Result<RowHasher> make(const model::Columns& columns, const std::vector<std::string>& covered);

  /// One hash per row. REQUIRES: `rows` has batch_schema of the columns of make().
  Result<std::shared_ptr<arrow::Array>> hash(const arrow::RecordBatch& rows) const;

  /// Names of the covered columns, in hashing order.
  const std::vector<std::string>& covered() const { return covered_; }

 private:
  struct Field {
    int index;
    CellWriter writer;
  };

  std::vector<Field> fields_;
  std::vector<std::string> covered_;
};

/// Which columns to add.
struct MetaColumnOptions {
  bool exported_at = false;
  bool row_hash = false;
  std::vector<std::string> row_hash_columns = {};  ///< empty: all
};

/// Appends our columns to batches. Immutable; any thread may call it.
class MetaColumns {
 public:
  /// `exported_at` is the one instant that every row of the run carries. Kind config when a source column has the
  /// name of a column to add, and for everything that RowHasher refuses.
  static Result<MetaColumns> make(const model::Columns& source, const MetaColumnOptions& options,
                                  base::Timestamp exported_at);

  /// The source's columns and ours after them.
  const model::Columns& columns() const { return columns_; }
  /// Names that the row hash covers; empty when there is none.
  std::vector<std::string> row_hash_covered() const;

  /// The batch with our columns appended; the same batch when there are none.
  /// REQUIRES: `rows` has batch_schema of the source's columns.
  Result<Batch> append(const Batch& rows) const;

 private:
  model::Columns columns_;
  std::shared_ptr<arrow::Schema> schema_;
  std::optional<base::Timestamp> exported_at_;
  std::optional<RowHasher> hasher_;
};

}  // namespace rivet::batch
