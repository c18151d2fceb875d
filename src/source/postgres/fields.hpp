// SPDX-License-Identifier: Apache-2.0
// The columns of a relation as the server describes them, with what is needed to compare them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/postgres/connection.hpp"
#include "source/postgres/quoting.hpp"
#include "source/postgres/types.hpp"

namespace rivet::source::postgres {

/// One result column.
struct Field {
  std::string name;
  NativeType type;
  bool not_null = false;             ///< no row can have NULL in it
  std::string literal_type;          ///< what a literal is cast to before it is compared with the column
  std::string operator_schema = {};  ///< quoted; set when the type's own comparison is not on the search path
  std::string expression = {};       ///< of a key made from several columns, over `_rivet`; empty for a column
};

/// The columns in order, without running anything. Errors: permanent (no such relation, no columns).
Result<std::vector<Field>> describe_fields(Connection& connection, const model::Relation& relation,
                                           std::chrono::seconds limit);

/// What the server makes of an expression over the relation under the name `_rivet`; the field bears it as its name
/// too.
Result<Field> describe_expression(Connection& connection, const model::Relation& relation,
                                  const std::string& expression, std::chrono::seconds limit);

/// The field of that name, or null.
const Field* find_field(const std::vector<Field>& fields, std::string_view name);
/// The fields of those names, in that order. Kind permanent when one is missing.
Result<std::vector<Field>> pick_fields(const std::vector<Field>& fields, const std::vector<std::string>& names);

/// The quoted name of a table, as regclass reads it.
std::string table_name(const Quoting& quoting, const model::Relation& relation);
/// The relation as something that can stand behind FROM, under the name `_rivet`.
std::string from_item(const Quoting& quoting, const model::Relation& relation);

}  // namespace rivet::source::postgres
