// SPDX-License-Identifier: Apache-2.0
// sqlite_schema says what there is, pragma_table_list which of it is virtual or the inside of something virtual.
#include "source/sqlite/catalogue.hpp"

namespace rivet::source::sqlite {
namespace {

using model::RelationKind;

RelationKind kind_of(std::string_view type) {
  if (type == "view") return RelationKind::view;
  return type == "virtual" ? RelationKind::virtual_table : RelationKind::table;
}

}  // namespace

Result<std::vector<model::CatalogueEntry>> list_relations(Connection& connection, const std::string& schema) {
  std::vector<model::CatalogueEntry> entries;
  if (!schema.empty() && sqlite3_stricmp(schema.c_str(), "main") != 0) return entries;
  connection.watch(nullptr);
  const auto transaction = TRY(ReadTransaction::begin(connection));
  // The list asks each virtual table's module, so what it does not answer is taken from the schema itself.
  const auto statement = TRY(connection.prepare(
      "SELECT s.name, coalesce((SELECT l.type FROM pragma_table_list AS l WHERE l.schema = 'main' AND l.name = "
      "s.name), "
      "s.type) FROM main.sqlite_schema AS s WHERE s.type IN ('table', 'view') AND s.name NOT LIKE 'sqlite\\_%' ESCAPE "
      "'\\' ORDER BY s.name"));
  while (TRY(connection.step(statement.get()))) {
    const auto type = text_at(statement.get(), 1);
    entries.push_back({.schema = "main", .name = text_at(statement.get(), 0), .kind = kind_of(type)});
    if (type == "shadow") entries.back().left_out = "a table that a virtual table keeps its data in";
  }
  return entries;
}

RelationFault relation_fault(const Error& error) {
  // SQLITE_ERROR is what preparing a statement ends with: a table, a column, a module or a function that is missing.
  const bool about_sql = error.vendor_code.empty() || error.vendor_code.starts_with("SQLITE_ERROR");
  return error.kind == ErrorKind::permanent && about_sql ? RelationFault::broken : RelationFault::none;
}

}  // namespace rivet::source::sqlite
