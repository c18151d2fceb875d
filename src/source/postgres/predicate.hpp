// SPDX-License-Identifier: Apache-2.0
// A predicate in PostgreSQL's dialect: comparisons, conditions and the FROM clause that has them.
#pragma once

#include <string>
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
};

/// `_rivet."name"`: the relation's own column, also where the select list has another thing under that name.
std::string qualified(const Quoting& quoting, std::string_view column);
/// `'text'::type`, for a comparison with the field. Kind data when the text is not valid in the server's encoding.
Result<std::string> typed_literal(const Quoting& quoting, const Field& field, std::string_view text);
/// `_rivet."a" > x`, or `(_rivet."a", _rivet."b") > (x, y)`, by the comparison that ORDER BY uses. `right` has one
/// SQL expression per field.
Result<std::string> comparison(const Quoting& quoting, const std::vector<Field>& fields, std::string_view sign,
                               const std::vector<std::string>& right);
/// `_rivet."a" IS NOT NULL AND ...`.
std::string all_present(const Quoting& quoting, const std::vector<Field>& fields);

/// `FROM relation AS _rivet WHERE condition`. Conditions on a table go directly on the table (pages as a TID range
/// scan from version 14 on, before that by reading all pages; right in both), those on a query on it as a derived
/// table. RowNumbers number the rows of the whole relation inside a derived table; rows with equal numbers' columns
/// follow a key that cannot be NULL, or a hash of the whole row, so that they have one order while the rows stay the
/// same. Errors: permanent (no such column), config (pages of a query), data (a value that cannot be sent).
Result<std::string> from_clause(const PredicateScope& scope, const model::Predicate& predicate);

}  // namespace rivet::source::postgres
