// SPDX-License-Identifier: Apache-2.0
// What is read: a named table or the text of a query, and the facts the source tells about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/column.hpp"
#include "model/predicate.hpp"

namespace rivet::model {

/// The base of an export: exactly one of `table` and `query` is set.
struct Relation {
  std::string schema = {};  ///< empty: the session's default
  std::string table = {};
  std::string query = {};  ///< verbatim user SQL, without a trailing semicolon

  bool is_table() const { return !table.empty(); }
};

/// `schema.table` or `query`, for messages.
std::string display_name(const Relation& relation);

/// A primary key or a unique index over plain columns of all rows (not partial, not over expressions, valid).
struct Key {
  std::vector<std::string> columns;  ///< in key order
  bool primary = false;
  bool nullable = false;  ///< a row may have NULL in it
};

/// What inspecting a relation found, types already resolved against the overrides.
struct Inventory {
  Columns columns;
  std::vector<Key> keys;                     ///< the primary key first; none for a query
  std::string row_id;                        ///< a hidden unique integer that can be used as a key column; or empty
  std::optional<std::int64_t> row_estimate;  ///< from the catalogue, never a COUNT(*)
  std::optional<std::int64_t> total_bytes;   ///< on the source's disk
  std::string fingerprint;                   ///< of names, native types and nullability: changes with DDL
  std::vector<std::string> warnings;         ///< ready for printing
};

/// How far a key reaches. Without rows that have the whole key there is neither first nor last.
struct KeyExtent {
  std::optional<KeyValues> first, last;
  bool has_null = false;  ///< some row has NULL in a key column
};

}  // namespace rivet::model
