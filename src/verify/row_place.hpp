// SPDX-License-Identifier: Apache-2.0
// Where a row belongs when two sides are compared: its key, and the bucket that its digest is summed in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

#include "batch/digest.hpp"
#include "model/column.hpp"
#include "model/predicate.hpp"

namespace rivet::verify {

/// The least and the greatest key that is expected; others are taken for the nearer one.
struct KeySpan {
  std::int64_t first = 0, last = 0;
};

/// Sorts rows into buckets: by stretches of the key when it is one integer or date and its span is known, so that a
/// bucket can be read from the source by its key; else by a hash of the key, or of the whole row when there is no key.
/// Immutable; any thread may call it.
class RowPlace {
 public:
  static constexpr std::size_t kBuckets = 4096;

  /// `columns` are the source's. Names of `key` that are none of them count as no key.
  RowPlace(const model::Columns& columns, const std::vector<std::string>& key, std::optional<KeySpan> span);

  /// Whether a single column of this type can be cut into stretches.
  static bool can_span(const model::LogicalType& type);

  /// Which bucket the row is in. A NULL key lies in the first one.
  std::size_t bucket_of(const arrow::RecordBatch& rows, std::int64_t row, std::span<const std::uint64_t> cells,
                        const batch::RowHash& hash) const;
  /// Equal for rows with equal keys; without a key for equal rows.
  std::uint64_t key_of(std::span<const std::uint64_t> cells, const batch::RowHash& hash) const;

  bool by_stretches() const { return span_.has_value(); }
  /// The keys of buckets [first, last], open where these are the first or the last of all. REQUIRES: by_stretches().
  model::KeyRange keys_of(std::size_t first, std::size_t last) const;

  /// Ordinals of the key's columns; empty without a key.
  const std::vector<std::size_t>& key() const { return key_; }

 private:
  std::vector<std::size_t> key_;
  std::optional<KeySpan> span_;
  std::uint64_t width_ = 1;  // keys in a bucket
  model::Column column_;     // of a key that is cut into stretches
};

}  // namespace rivet::verify
