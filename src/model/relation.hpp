// SPDX-License-Identifier: Apache-2.0
// What is read: a named table or the text of a query, and the facts the source tells about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/column.hpp"

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

/// What inspecting a relation found, types already resolved against the overrides.
struct Inventory {
  Columns columns;
  std::vector<std::string> primary_key;      ///< empty: none, or unknown for a query
  std::optional<std::int64_t> row_estimate;  ///< from the catalogue, never a COUNT(*)
  std::optional<std::int64_t> total_bytes;   ///< on the source's disk
  std::string fingerprint;                   ///< of names, native types and nullability: changes with DDL
  std::vector<std::string> warnings;         ///< ready for printing
};

}  // namespace rivet::model
