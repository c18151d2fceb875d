// SPDX-License-Identifier: Apache-2.0
// A predicate in PostgreSQL's dialect: comparisons, conditions and the FROM clause that has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/predicate.hpp"
#include "model/relation.hpp"
#include "source/postgres/fields.hpp"
#include "source/postgres/quoting.hpp"

namespace rivet::source::postgres {

/// What a predicate is about.
struct PredicateScope {
  const Quoting& quoting;
  const model::Relation& relation;
  const std::vector<Field>& fields;
  const std::vector<model::Key>& keys;
  std::vector<Field> coalesced = {};              ///< coalesce_of() its columns, for each coalesced key in use
  std::optional<std::int64_t> next_version = {};  ///< of the snapshot; nothing where rows have no version to go by
};

/// A relation as statements name it.
struct RowSource {
  std::string item;       ///< stands behind FROM, under the name `_rivet`
  std::string condition;  ///< of Relation::within; empty for all rows
};

/// `_rivet."name"`: the relation's own column, also where the select list has another thing under that name.
std::string qualified(const Quoting& quoting, std::string_view column);
/// The field's column, qualified, or its expression.
std::string value_of(const Quoting& quoting, const Field& field);
/// `COALESCE(_rivet."a", _rivet."b")`.
std::string coalesce_of(const Quoting& quoting, const std::vector<std::string>& columns);
/// `'text'::type`, for a comparison with the field. Kind data when the text is not valid in the server's encoding.
Result<std::string> typed_literal(const Quoting& quoting, const Field& field, std::string_view text);
/// `_rivet."a" > x`, or `(_rivet."a", _rivet."b") > (x, y)`, by the comparison that ORDER BY uses. `right` has one
/// SQL expression per field.
Result<std::string> comparison(const Quoting& quoting, const std::vector<Field>& fields, std::string_view sign,
                               const std::vector<std::string>& right);
/// `_rivet."a" IS NOT NULL AND ...`.
std::string all_present(const Quoting& quoting, const std::vector<Field>& fields);

/// The rows of the scope's relation: conditions stay beside the table, where indexes and system columns can be used.
/// Errors: those of from_clause(); internal when `within` has other terms than ranges and NULLs of keys.
Result<RowSource> row_source(const PredicateScope& scope);
/// `FROM item WHERE condition AND ...`, without WHERE when there is no condition.
std::string from_rows(const RowSource& rows, std::vector<std::string> conditions);

/// `FROM relation AS _rivet WHERE condition`. Conditions on a table go directly on the table (pages as a TID range
/// scan from version 14 on, before that by reading all pages; right in both), those on a query on it as a derived
/// table. RowNumbers number the rows of the whole relation inside a derived table; rows with equal numbers' columns
/// follow a key that cannot be NULL, or a hash of the whole row, so that they have one order while the rows stay the
/// same. A row's version is its xmin (32 bits), taken as the last number before the snapshot's end that has these
/// bits; the permanent ids are older than every number. Rows frozen more than 2^32 numbers ago still show the old
/// bits: they cannot be told from younger ones. Errors: permanent (no such column), config (pages of a query, versions
/// of rows that have none), data (a value that cannot be sent).
Result<std::string> from_clause(const PredicateScope& scope, const model::Predicate& predicate);

}  // namespace rivet::source::postgres
