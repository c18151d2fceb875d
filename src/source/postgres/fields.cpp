// SPDX-License-Identifier: Apache-2.0
// Row description plus one catalogue query; never a scan of the data.
#include "source/postgres/fields.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

using std::chrono::seconds;

// One row per field, in order: the type behind a domain, the element of a true array (its element points back
// at it, which those of int2vector and oidvector do not), and the column's own entry when there is one.
//
// NOT NULL holds for what is read only where the children of a table have it too: partitions do, plain inheritance
// lets a child drop it; and only when it was validated (NOT VALID, since version 18).
//
// A literal is cast to the base type without its modifier, which would round or cut it (format_type with -1 says
// bpchar where NULL says character, which is character(1)); small integers are compared as bigint, because the end
// of a range may lie outside of the column's own type.
//
// ORDER BY takes the comparison of the type's default operator class, `>` the one that the search path finds: a
// citext whose schema is not on it would be compared as text. Then the schema is named.
constexpr const char* kFieldsQuery = R"(
SELECT coalesce(b.oid, t.oid)::oid, t.typtype = 'd', coalesce(b.typtype, t.typtype),
       coalesce((SELECT e.oid FROM pg_type e WHERE e.oid = coalesce(b.typelem, t.typelem)
                    AND e.typarray = coalesce(b.oid, t.oid)), 0),
       coalesce(a.attndims, 0),
       coalesce(a.attnotnull, false)
         AND (c.relkind = 'p' OR c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid))
         AND NOT EXISTS (SELECT FROM pg_constraint n WHERE n.conrelid = c.oid AND n.contype = 'n'
                            AND NOT n.convalidated AND a.attnum = ANY (n.conkey)),
       format_type(t.oid, f.modifier),
       CASE WHEN coalesce(b.oid, t.oid) IN ('int2'::regtype, 'int4'::regtype) THEN 'bigint'
            ELSE format_type(coalesce(b.oid, t.oid), -1) END,
       (SELECT quote_ident(n.nspname)
          FROM pg_opclass k
          JOIN pg_amop o ON o.amopfamily = k.opcfamily AND o.amoplefttype = k.opcintype
                        AND o.amoprighttype = k.opcintype AND o.amopstrategy = 5
          JOIN pg_operator p ON p.oid = o.amopopr
          JOIN pg_namespace n ON n.oid = p.oprnamespace
         WHERE k.opcmethod = (SELECT m.oid FROM pg_am m WHERE m.amname = 'btree') AND k.opcdefault
           AND k.opcintype = coalesce(b.oid, t.oid) AND NOT pg_operator_is_visible(p.oid))
  FROM unnest($1::oid[], $2::int2[], $3::oid[], $4::int4[]) WITH ORDINALITY AS f(relation, number, type, modifier, ordinal)
  LEFT JOIN pg_attribute a ON a.attrelid = f.relation AND a.attnum = f.number AND f.number > 0
  LEFT JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_type t ON t.oid = coalesce(a.atttypid, f.type)
  LEFT JOIN LATERAL (
    WITH RECURSIVE base AS (
      SELECT t.typbasetype AS oid WHERE t.typtype = 'd'
      UNION ALL SELECT d.typbasetype FROM base JOIN pg_type d ON d.oid = base.oid WHERE d.typtype = 'd')
    SELECT p.* FROM base JOIN pg_type p ON p.oid = base.oid WHERE p.typtype <> 'd') b ON true
 ORDER BY f.ordinal)";

/// The row description as four array literals: relation, column number, type, modifier.
std::vector<std::string> catalogue_questions(const PgResult& described) {
  std::string relations = "{", numbers = "{", types = "{", modifiers = "{";
  for (int i = 0; i < PQnfields(described.get()); ++i) {
    const char* comma = i == 0 ? "" : ",";
    relations += fmt::format("{}{}", comma, PQftable(described.get(), i));
    numbers += fmt::format("{}{}", comma, PQftablecol(described.get(), i));
    types += fmt::format("{}{}", comma, PQftype(described.get(), i));
    modifiers += fmt::format("{}{}", comma, PQfmod(described.get(), i));
  }
  return {relations + "}", numbers + "}", types + "}", modifiers + "}"};
}

NativeType type_of(const PgResult& facts, int row, int modifier) {
  return {.oid = static_cast<Oid>(number(facts, row, 0)),
          .modifier = modifier,
          .category = cell(facts, row, 2)[0],
          .element = static_cast<Oid>(number(facts, row, 3)),
          .dimensions = static_cast<int>(number(facts, row, 4)),
          .is_domain = is_true(facts, row, 1),
          .name = cell(facts, row, 6)};
}

/// The result columns of a statement.
Result<std::vector<Field>> describe_select(Connection& connection, const std::string& select, seconds limit) {
  const auto described = TRY(connection.describe(select, limit));
  const int count = PQnfields(described.get());
  std::vector<Field> fields;
  if (count == 0) return fields;
  const auto facts = TRY(connection.execute(kFieldsQuery, catalogue_questions(described), limit));
  if (PQntuples(facts.get()) != count) return fail(ErrorKind::internal, "the catalogue does not know a column's type");
  for (int i = 0; i < count; ++i) {
    fields.push_back({.name = PQfname(described.get(), i),
                      .type = type_of(facts, i, PQfmod(described.get(), i)),
                      .not_null = is_true(facts, i, 5),
                      .literal_type = cell(facts, i, 7),
                      .operator_schema = cell(facts, i, 8)});
  }
  return fields;
}

}  // namespace

Result<std::vector<Field>> describe_fields(Connection& connection, const model::Relation& relation, seconds limit) {
  const auto select =
      relation.is_table() ? "SELECT * FROM " + table_name(connection.quoting(), relation) : relation.query;
  auto fields = TRY(describe_select(connection, select, limit));
  if (fields.empty()) {
    return fail(ErrorKind::permanent, fmt::format("{} has no columns to export", model::display_name(relation)),
                "name a table with columns, or a query that returns rows");
  }
  for (auto& field : fields) field.not_null = field.not_null && relation.is_table();
  return fields;
}

Result<Field> describe_expression(Connection& connection, const model::Relation& relation,
                                  const std::string& expression, seconds limit) {
  const auto select = fmt::format("SELECT {} FROM {}", expression, from_item(connection.quoting(), relation));
  auto field = TRY(describe_select(connection, select, limit)).at(0);
  field.name = field.expression = expression;
  return field;
}

const Field* find_field(const std::vector<Field>& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

Result<std::vector<Field>> pick_fields(const std::vector<Field>& fields, const std::vector<std::string>& names) {
  std::vector<Field> picked;
  for (const auto& name : names) {
    const auto* field = find_field(fields, name);
    if (field == nullptr) {
      return fail(ErrorKind::permanent, fmt::format("there is no column \"{}\"", name),
                  "check the names of the columns; upper and lower case differ");
    }
    picked.push_back(*field);
  }
  return picked;
}

std::string table_name(const Quoting& quoting, const model::Relation& relation) {
  const auto table = quoting.identifier(relation.table);
  return relation.schema.empty() ? table : quoting.identifier(relation.schema) + "." + table;
}

std::string from_item(const Quoting& quoting, const model::Relation& relation) {
  const auto what = relation.is_table() ? table_name(quoting, relation)
                                        : "(" + relation.query + "\n)";  // the query may end in a line comment
  return what + " AS _rivet";
}

}  // namespace rivet::source::postgres
