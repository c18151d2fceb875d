// SPDX-License-Identifier: Apache-2.0
// What is read: a named table or the text of a query, and the facts the source tells about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/column.hpp"
#include "model/predicate.hpp"

namespace rivet::model {

/// The base of an export: exactly one of `table` and `query` is set.
struct Relation {
  std::string schema = {};  ///< empty: the session's default
  std::string table = {};
  std::string query = {};  ///< verbatim user SQL, without a trailing semicolon
  Predicate within = {};   ///< only these rows belong to it; key ranges and NULL keys only

  bool is_table() const { return !table.empty(); }
};

/// What rows are ordered and cut by: columns compared as a row, or, coalesced, one value: the first of the columns that
/// is not NULL.
struct KeyColumns {
  KeyColumns() = default;
  KeyColumns(std::vector<std::string> names, bool as_one = false) : columns(std::move(names)), coalesced(as_one) {}

  std::vector<std::string> columns;
  bool coalesced = false;

  bool empty() const { return columns.empty(); }
  bool operator==(const KeyColumns&) const = default;
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
  std::vector<std::string> indexed = {};     ///< columns by which, alone, an index has all rows in order
  std::string row_id;                        ///< a hidden unique integer that can be used as a key column; or empty
  bool row_versions = false;                 ///< its rows can be selected by VersionRange
  std::optional<std::int64_t> row_estimate;  ///< from the catalogue, never a COUNT(*)
  std::optional<std::int64_t> total_bytes;   ///< on the source's disk
  std::string fingerprint;                   ///< of names, native types and nullability: changes with DDL
  std::vector<std::string> warnings;         ///< ready for printing
};

/// How to carry the columns of a table some values of which are not what the columns' types say.
struct Misfits {
  TypeOverrides overrides;     ///< for `columns:`
  std::string readable_query;  ///< reads the table where a name alone does not do; mostly empty

  bool empty() const { return overrides.empty() && readable_query.empty(); }
};

/// Where the numbering of a source's transactions stands.
struct Horizon {
  std::string source_id;     ///< of the database system; other systems number anew
  std::int64_t settled = 0;  ///< every transaction below it has ended, for all to see
  std::int64_t next = 0;     ///< no transaction from here on has begun when it was asked
  std::string held_by;  ///< who keeps `settled` below `next`, for people; empty when nobody does or it cannot be told
};

/// How far a key reaches. Without rows that have the whole key there is neither first nor last.
struct KeyExtent {
  std::optional<KeyValues> first, last;
  bool has_null = false;  ///< some row has NULL in a key column
};

/// How the source would carry out a read, without doing so.
struct ScanPlan {
  std::string text;                                ///< the engine's own first line about it
  bool uses_index = false;                         ///< does not look at every row
  bool has_index = false;                          ///< could do without, if it had to
  std::optional<std::int64_t> rows = {};           ///< as the engine expects
  std::optional<std::int64_t> bytes_per_row = {};  ///< likewise
};

}  // namespace rivet::model
