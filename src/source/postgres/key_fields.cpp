// SPDX-License-Identifier: Apache-2.0
// COALESCE has the common type of its arguments, which only the server can tell.
#include "source/postgres/key_fields.hpp"

#include <algorithm>

namespace rivet::source::postgres {
namespace {

using std::chrono::seconds;

bool same_type(const std::vector<Field>& fields) {
  return std::all_of(fields.begin(), fields.end(), [&](const Field& field) {
    return field.type.oid == fields.front().type.oid && field.type.oid != 0;
  });
}

bool any_not_null(const std::vector<Field>& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const Field& field) { return field.not_null; });
}

/// The columns of a coalesced key of the term, if it has one.
const std::vector<std::string>* coalesced_columns(const model::Term& term) {
  if (const auto* range = std::get_if<model::KeyRange>(&term)) return range->coalesced ? &range->columns : nullptr;
  const auto* null_key = std::get_if<model::NullKey>(&term);
  return null_key != nullptr && null_key->coalesced ? &null_key->columns : nullptr;
}

}  // namespace

Result<std::vector<Field>> describe_key(Connection& connection, const model::Relation& relation,
                                        const std::vector<Field>& fields, const model::KeyColumns& key, seconds limit) {
  auto picked = TRY(pick_fields(fields, key.columns));
  if (picked.empty()) return fail(ErrorKind::internal, "a key without columns");
  if (!key.coalesced || picked.size() == 1) return picked;
  const auto expression = coalesce_of(connection.quoting(), key.columns);
  auto field = same_type(picked) ? picked.front() : TRY(describe_expression(connection, relation, expression, limit));
  field.name = field.expression = expression;
  field.not_null = any_not_null(picked);
  return std::vector<Field>{std::move(field)};
}

Result<std::vector<Field>> describe_coalesced(Connection& connection, const model::Relation& relation,
                                              const std::vector<Field>& fields, const model::Predicate& predicate,
                                              seconds limit) {
  std::vector<Field> out;
  for (const auto& term : predicate.terms) {
    const auto* columns = coalesced_columns(term);
    if (columns == nullptr || find_field(out, coalesce_of(connection.quoting(), *columns)) != nullptr) continue;
    const model::KeyColumns key(*columns, true);
    out.push_back(TRY(describe_key(connection, relation, fields, key, limit)).front());
  }
  return out;
}

Result<RowSource> describe_rows(Connection& connection, const model::Relation& relation,
                                const std::vector<Field>& fields, seconds limit) {
  const auto quoting = connection.quoting();
  return row_source({.quoting = quoting,
                     .relation = relation,
                     .fields = fields,
                     .keys = {},
                     .coalesced = TRY(describe_coalesced(connection, relation, fields, relation.within, limit))});
}

}  // namespace rivet::source::postgres
