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

/// The key as SQL: its columns, or for a coalesced one a single expression. COALESCE has no affinity and no collation
/// of its own: values are compared as they are stored, texts byte by byte, which is said aloud so that ORDER BY,
/// conditions and views agree. Errors: those of key_column(), data for a key without columns.
Result<std::vector<std::string>> key_expressions(const Shape& shape, const model::KeyColumns& key);

/// `FROM relation AS "_rivet" WHERE condition AND ...`: the rows within the relation's bounds for which all
/// `conditions` hold, which have no parameters. Errors: those of select_rows(), internal for bounds by anything but
/// keys.
Result<BoundSql> from_rows(const Shape& shape, const model::Relation& relation,
                           const std::vector<std::string>& conditions);

/// SELECT of the relation's columns in order, for the rows for which `predicate` holds; `with_rowid` appends the rowid
/// to the columns of a table. Behind the columns there may be others. Errors: config for pages and row versions, which
/// SQLite has no words for, and as of require_cuttable(), permanent for an unknown column, data for values that are
/// none.
Result<BoundSql> select_rows(const Shape& shape, const model::Relation& relation, const model::Predicate& predicate,
                             bool with_rowid);

/// The statement with its values bound.
Result<Statement> prepare_bound(Connection& connection, const BoundSql& sql);

}  // namespace rivet::source::sqlite
