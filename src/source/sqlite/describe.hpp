// SPDX-License-Identifier: Apache-2.0
// What a table or query is made of, from the catalogue and, where that says too little, from the values.
#pragma once

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/sqlite/connection.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rivet::source::sqlite {

/// One column as the catalogue or the prepared query tells it.
struct ShapeColumn {
  std::string name;
  std::string declared;  ///< as declared; empty for none and for expressions
  bool nullable = true;
};

/// A relation as the catalogue tells it, without a look at any value.
struct Shape {
  std::vector<ShapeColumn> columns;
  std::vector<std::string> primary_key;  ///< in key order
  std::string table;                     ///< as the catalogue spells it; empty for a view or a query
  std::string from;                      ///< what stands behind FROM: the quoted name, or the query in parentheses
  std::string rowid;                     ///< a name under which the rowid can be selected; empty when there is none
  bool key_is_rowid = false;             ///< INTEGER PRIMARY KEY
  bool loose_affinity = false;           ///< has_loose_affinity(): comparisons must not convert
  std::string turned_real = {};          ///< column of a view or query that cannot be cut: find_real_affinity()
};

/// Reads the shape. Errors: permanent (no such table or column with the closest name, a query that is not exactly one
/// reading statement, columns of equal names), config (a schema other than main).
Result<Shape> read_shape(Connection& connection, const model::Relation& relation);

/// Whether `name` is the rowid: by a name of its own, or as INTEGER PRIMARY KEY.
bool is_rowid(const Shape& shape, const std::string& name);

/// The native type reports and metadata show for a column.
std::string native_type_of(const ShapeColumn& column);

/// SELECT over a table shape: the columns at `indexes`, then `extra` when it is not empty.
std::string select_columns(const Shape& shape, const std::vector<int>& indexes, const std::string& extra);

/// The number of rows that the last ANALYZE counted; nothing when there was none.
Result<std::optional<std::int64_t>> analyzed_rows(Connection& connection, const model::Relation& relation);

/// Shape, types, keys, estimate and warnings in one read transaction. Types are settled by all values, also those out
/// of the relation's bounds: they must not change from run to run. Within bounds on anything but the rowid there is no
/// estimate.
Result<model::Inventory> describe_relation(Connection& connection, const model::Relation& relation,
                                           const model::TypeOverrides& overrides);

}  // namespace rivet::source::sqlite
