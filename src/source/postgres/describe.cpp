// SPDX-License-Identifier: Apache-2.0
// Fields, keys and sizes from the catalogue; never a scan of the data.
#include "source/postgres/describe.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "source/postgres/key_fields.hpp"
#include "source/postgres/key_probe.hpp"
#include "source/postgres/keys.hpp"
#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

using std::chrono::seconds;

Result<void> refuse_duplicates(const std::vector<Field>& fields, const model::Relation& relation) {
  std::set<std::string> seen;
  for (const auto& field : fields) {
    if (seen.insert(field.name).second) continue;
    return fail(ErrorKind::permanent,
                fmt::format("{} returns two columns named \"{}\"", model::display_name(relation), field.name),
                "give one of them another name with AS");
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

Result<void> add_sizes(Connection& connection, const model::Relation& relation, const std::vector<Field>& fields,
                       seconds limit, model::Inventory& inventory) {
  const auto quoting = connection.quoting();
  const auto rows = TRY(describe_rows(connection, relation, fields, limit));
  inventory.row_estimate = TRY(estimate_rows(connection, "SELECT * " + from_rows(rows, {}), limit));
  if (!relation.is_table()) return {};
  const auto size =
      TRY(connection.execute("SELECT pg_table_size($1::regclass)", {table_name(quoting, relation)}, limit));
  inventory.total_bytes = number(size, 0, 0);
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

Result<Description> describe(Connection& connection, const model::Relation& relation,
                             const model::TypeOverrides& overrides, seconds limit) {
  Description description{
      .inventory = {}, .transports = {}, .fields = TRY(describe_fields(connection, relation, limit))};
  const auto& fields = description.fields;
  TRY(refuse_duplicates(fields, relation));
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
  auto indexes = TRY(read_index_facts(connection, relation, fields, limit));
  inventory.keys = std::move(indexes.keys);
  inventory.indexed = std::move(indexes.leading);
  inventory.row_versions = TRY(has_row_versions(connection, relation, limit));
  TRY(add_sizes(connection, relation, fields, limit, inventory));
  return description;
}

Result<Description> describe_for_read(Connection& connection, const ReadRequest& request, seconds limit) {
  const auto& relation = request.relation;
  const auto& agreed = request.columns;
  Description description{
      .inventory = {}, .transports = {}, .fields = TRY(describe_fields(connection, relation, limit))};
  const auto& fields = description.fields;
  for (const auto& column : agreed) {
    const auto* field = find_field(fields, column.name);
    if (field == nullptr || field->type.name != column.native_type || field->not_null == column.nullable) {
      return fail(changed_meanwhile(relation, column.name));
    }
    auto transport = transport_of(field->type);
    if (!(transport.type == column.type)) transport = TRY(transport_of(field->type, column.type));
    description.transports.push_back(std::move(transport));
  }
  if (fields.size() != agreed.size()) return fail(changed_meanwhile(relation, added_column(fields, agreed)));
  description.inventory.columns = agreed;
  description.inventory.keys = TRY(read_keys(connection, relation, fields, limit));
  TRY(describe_predicate(connection, request, limit, description));
  return description;
}

/// Only what the predicate asks for: each unit pays for it.
Result<void> describe_predicate(Connection& connection, const ReadRequest& request, seconds limit,
                                Description& description) {
  const auto& terms = request.predicate.terms;
  auto all = request.relation.within;
  all.terms.insert(all.terms.end(), terms.begin(), terms.end());
  description.coalesced = TRY(describe_coalesced(connection, request.relation, description.fields, all, limit));
  const auto is_version = [](const auto& term) { return std::holds_alternative<model::VersionRange>(term); };
  if (std::any_of(terms.begin(), terms.end(), is_version)) {
    description.inventory.row_versions = TRY(has_row_versions(connection, request.relation, limit));
  }
  return {};
}

}  // namespace rivet::source::postgres
