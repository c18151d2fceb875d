// SPDX-License-Identifier: Apache-2.0
// Row description plus one catalogue query; never a scan of the data.
#include "source/postgres/describe.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"

namespace rivet::source::postgres {
namespace {

using std::chrono::seconds;

std::string cell(const PgResult& result, int row, int column) { return PQgetvalue(result.get(), row, column); }
std::int64_t number(const PgResult& result, int row, int column) {
  std::int64_t value = 0;
  const auto text = std::string_view(PQgetvalue(result.get(), row, column));
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// One result column as the server describes it, with the catalogue's facts about its type.
struct Field {
  std::string name;
  NativeType type;
  bool not_null = false;
};

// One row per field, in order: the type behind a domain, the element of a true array (its element points back
// at it, which those of int2vector and oidvector do not), and the column's own entry when there is one.
constexpr const char* kFieldsQuery = R"(
SELECT coalesce(b.oid, t.oid)::oid, t.typtype = 'd', coalesce(b.typtype, t.typtype),
       coalesce((SELECT e.oid FROM pg_type e WHERE e.oid = coalesce(b.typelem, t.typelem)
                    AND e.typarray = coalesce(b.oid, t.oid)), 0),
       coalesce(a.attndims, 0), coalesce(a.attnotnull, false) AND c.relkind IN ('r', 'p'),
       format_type(t.oid, f.modifier)
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

constexpr const char* kPrimaryKeyQuery = R"(
SELECT a.attname
  FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(number, ordinal), pg_attribute a
 WHERE i.indrelid = $1::regclass AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.number
 ORDER BY k.ordinal)";

std::string select_all(const Connection& connection, const model::Relation& relation) {
  return relation.is_table() ? "SELECT * FROM " + from_item(connection, relation) : relation.query;
}

Result<std::vector<Field>> describe_fields(Connection& connection, const model::Relation& relation, seconds limit) {
  const auto described = TRY(connection.describe(select_all(connection, relation), limit));
  const int count = PQnfields(described.get());
  if (count == 0) {
    return fail(Error{.kind = ErrorKind::permanent,
                      .message = fmt::format("{} has no columns to export", model::display_name(relation)),
                      .hint = "name a table with columns, or a query that returns rows"});
  }
  std::string relations = "{", numbers = "{", types = "{", modifiers = "{";
  std::vector<Field> fields(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const char* comma = i == 0 ? "" : ",";
    fields[static_cast<std::size_t>(i)].name = PQfname(described.get(), i);
    fields[static_cast<std::size_t>(i)].type.modifier = PQfmod(described.get(), i);
    relations += fmt::format("{}{}", comma, PQftable(described.get(), i));
    numbers += fmt::format("{}{}", comma, PQftablecol(described.get(), i));
    types += fmt::format("{}{}", comma, PQftype(described.get(), i));
    modifiers += fmt::format("{}{}", comma, PQfmod(described.get(), i));
  }
  const auto facts =
      TRY(connection.execute(kFieldsQuery, {relations + "}", numbers + "}", types + "}", modifiers + "}"}, limit));
  if (PQntuples(facts.get()) != count) return fail(ErrorKind::internal, "the catalogue does not know a column's type");
  for (int i = 0; i < count; ++i) {
    auto& field = fields[static_cast<std::size_t>(i)];
    field.type.oid = static_cast<Oid>(number(facts, i, 0));
    field.type.is_domain = cell(facts, i, 1) == "t";
    field.type.category = cell(facts, i, 2)[0];
    field.type.element = static_cast<Oid>(number(facts, i, 3));
    field.type.dimensions = static_cast<int>(number(facts, i, 4));
    field.not_null = relation.is_table() && cell(facts, i, 5) == "t";
    field.type.name = cell(facts, i, 6);
  }
  return fields;
}

Result<void> refuse_duplicates(const std::vector<Field>& fields, const model::Relation& relation) {
  std::set<std::string> seen;
  for (const auto& field : fields) {
    if (seen.insert(field.name).second) continue;
    return fail(
        Error{.kind = ErrorKind::permanent,
              .message = fmt::format("{} returns two columns named \"{}\"", model::display_name(relation), field.name),
              .hint = "give one of them another name with AS"});
  }
  return {};
}

Result<Transport> choose_transport(const Field& field, const model::TypeOverrides& overrides) {
  const auto wanted = overrides.find(field.name);
  if (wanted == overrides.end()) return transport_of(field.type);
  return transport_of(field.type, wanted->second).context(fmt::format("columns: {}", field.name));
}

void add_override_warnings(const model::TypeOverrides& overrides, model::Inventory& inventory) {
  for (const auto& [name, type] : overrides) {
    const auto known = std::any_of(inventory.columns.begin(), inventory.columns.end(),
                                   [&](const auto& column) { return column.name == name; });
    if (!known) inventory.warnings.push_back(fmt::format("columns: {} is not a column of the source", name));
  }
}

std::string fingerprint_of(const std::vector<Field>& fields) {
  base::FieldHasher hasher;
  for (const auto& field : fields) hasher.add(field.name).add(field.type.name).add(field.not_null ? "1" : "0");
  return "xxh3:" + hasher.hex();
}

Result<void> add_sizes(Connection& connection, const model::Relation& relation, seconds limit,
                       model::Inventory& inventory) {
  const auto explained = TRY(connection.execute("EXPLAIN (FORMAT JSON) " + select_all(connection, relation), limit));
  const auto plan = nlohmann::json::parse(cell(explained, 0, 0), nullptr, false);
  if (plan.is_array() && !plan.empty() && plan[0].contains("Plan")) {
    inventory.row_estimate = static_cast<std::int64_t>(plan[0]["Plan"].value("Plan Rows", 0.0));
  }
  if (!relation.is_table()) return {};
  const auto table = from_item(connection, relation);
  const auto size = TRY(connection.execute("SELECT pg_table_size($1::regclass)", {table}, limit));
  inventory.total_bytes = number(size, 0, 0);
  return {};
}

Result<void> add_primary_key(Connection& connection, const model::Relation& relation, seconds limit,
                             model::Inventory& inventory) {
  if (!relation.is_table()) return {};
  const auto key = TRY(connection.execute(kPrimaryKeyQuery, {from_item(connection, relation)}, limit));
  for (int i = 0; i < PQntuples(key.get()); ++i) inventory.primary_key.push_back(cell(key, i, 0));
  return {};
}

Error changed_meanwhile(const model::Relation& relation, std::string_view column) {
  return {.kind = ErrorKind::drift,
          .message = fmt::format("column \"{}\" of {} is not what the plan was made for", column,
                                 model::display_name(relation)),
          .hint = "the table was altered meanwhile: run again to plan with its new shape"};
}

std::string added_column(const std::vector<Field>& fields, const model::Columns& agreed) {
  for (const auto& field : fields) {
    const auto known = std::any_of(agreed.begin(), agreed.end(), [&](const auto& c) { return c.name == field.name; });
    if (!known) return field.name;
  }
  return {};
}

}  // namespace

std::string from_item(const Connection& connection, const model::Relation& relation) {
  if (!relation.is_table()) return "(" + relation.query + "\n) AS _rivet";  // the query may end in a line comment
  const auto table = connection.quoted_identifier(relation.table);
  return relation.schema.empty() ? table : connection.quoted_identifier(relation.schema) + "." + table;
}

Result<Description> describe(Connection& connection, const model::Relation& relation,
                             const model::TypeOverrides& overrides, seconds limit) {
  const auto fields = TRY(describe_fields(connection, relation, limit));
  TRY(refuse_duplicates(fields, relation));
  Description description;
  auto& inventory = description.inventory;
  for (const auto& field : fields) {
    auto transport = TRY(choose_transport(field, overrides));
    inventory.columns.push_back({.name = field.name,
                                 .native_type = field.type.name,
                                 .type = transport.type,
                                 .nullable = !field.not_null,
                                 .fidelity = transport.fidelity,
                                 .warning = transport.warning});
    if (!transport.warning.empty()) {
      inventory.warnings.push_back(fmt::format("column {}: {}", field.name, transport.warning));
    }
    description.transports.push_back(std::move(transport));
  }
  add_override_warnings(overrides, inventory);
  inventory.fingerprint = fingerprint_of(fields);
  TRY(add_primary_key(connection, relation, limit, inventory));
  TRY(add_sizes(connection, relation, limit, inventory));
  return description;
}

Result<Description> describe_as(Connection& connection, const model::Relation& relation, const model::Columns& agreed,
                                seconds limit) {
  const auto fields = TRY(describe_fields(connection, relation, limit));
  Description description;
  for (const auto& column : agreed) {
    const auto field = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.name == column.name; });
    if (field == fields.end() || field->type.name != column.native_type || field->not_null == column.nullable) {
      return fail(changed_meanwhile(relation, column.name));
    }
    auto transport = transport_of(field->type);
    if (!(transport.type == column.type)) transport = TRY(transport_of(field->type, column.type));
    description.transports.push_back(std::move(transport));
  }
  if (fields.size() != agreed.size()) return fail(changed_meanwhile(relation, added_column(fields, agreed)));
  description.inventory.columns = agreed;
  TRY(add_primary_key(connection, relation, limit, description.inventory));
  return description;
}

}  // namespace rivet::source::postgres
