// SPDX-License-Identifier: Apache-2.0
// Predicates in SQLite's words: conditions with bound parameters, so that the column's affinity and collation decide.
#pragma once

#include "base/result.hpp"
#include "model/predicate.hpp"
#include "source/sqlite/connection.hpp"
#include "source/sqlite/describe.hpp"
#include "source/sqlite/key_value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace rivet::source::sqlite {

/// What relations are called inside our statements.
inline constexpr std::string_view kAlias = "_rivet";

/// A statement and the values of its parameters, in order.
struct BoundSql {
  std::string text;
  std::vector<KeyValue> values = {};
};

/// Kind config for a view or query that SQLite gives other values for, or takes rows away from, once it is cut.
Result<void> require_cuttable(const Shape& shape);

/// `"_rivet"."name"`: never mistaken for a text, as a lone name in double quotes would be. `name` is a column in any
/// case, or the rowid's name. Kind permanent when it is neither.
Result<std::string> key_column(const Shape& shape, std::string_view name);

/// key_column() of each.
Result<std::vector<std::string>> key_columns(const Shape& shape, const std::vector<std::string>& names);

/// SELECT of the relation's columns in order, for the rows for which `predicate` holds; `with_rowid` appends the rowid
/// to the columns of a table. Behind the columns there may be others. Errors: config for page ranges, which SQLite has
/// no words for, and as of require_cuttable(), permanent for an unknown column, data for values that are none.
Result<BoundSql> select_rows(const Shape& shape, const model::Relation& relation, const model::Predicate& predicate,
                             bool with_rowid);

/// The statement with its values bound.
Result<Statement> prepare_bound(Connection& connection, const BoundSql& sql);

}  // namespace rivet::source::sqlite
