// SPDX-License-Identifier: Apache-2.0
// Opens a database as a store, or looks at it.
#include "state/postgres/postgres_store.hpp"

#include <charconv>

#include <fmt/format.h>

#include "state/postgres/migrate.hpp"
#include "state/schema.hpp"
#include "state/sql/sql_store.hpp"
#include "state/sql/transact.hpp"

namespace rivet::state::postgres {
namespace {

constexpr const char* kMayCreate =
    "SELECT CASE WHEN current_schema() IS NULL THEN has_database_privilege(current_database(), 'CREATE') ELSE "
    "has_schema_privilege(current_schema(), 'CREATE') END";
constexpr const char* kMayChange =
    "SELECT bool_and(has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') AND "
    "has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) AND NOT pg_is_in_recovery() FROM "
    "pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace(quote_ident(current_schema()))";

Result<Condition> examine(Connection& db, const base::Clock& clock) {
  Condition condition{.version = TRY(find_version(db))};
  condition.server_version = TRY(db.ask("SHOW server_version"));
  condition.may_write = TRY(db.ask(condition.version == 0 ? kMayCreate : kMayChange)) == "t";
  condition.through_pooler = db.behind_pooler(TRY(db.ask("SELECT pg_backend_pid()")));
  const auto before = clock.now();
  const auto server = TRY(db.ask("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"));
  const auto middle = before + (clock.now() - before) / 2;
  std::int64_t millis = 0;
  std::from_chars(server.data(), server.data() + server.size(), millis);
  condition.clock_ahead = std::chrono::milliseconds(millis) -
                          std::chrono::duration_cast<std::chrono::milliseconds>(middle.time_since_epoch());
  return condition;
}

}  // namespace

Result<std::unique_ptr<sql::Connection>> open_postgres_connection(Address address) {
  auto connection = TRY(Connection::open(std::move(address)));
  TRY(migrate(*connection));
  return std::unique_ptr<sql::Connection>(std::move(connection));
}

Result<std::unique_ptr<sql::Connection>> open_postgres_to_read(Address address) {
  auto connection = TRY(Connection::open(std::move(address)));
  auto& db = *connection;
  const int found = TRY(sql::read_transaction(db, [&] { return find_version(db); }));
  if (found == 0) return std::unique_ptr<sql::Connection>();
  if (found != schema_version()) {
    return fail(ErrorKind::data,
                fmt::format("the state store {} has version {}, this program needs version {}", db.location(), found,
                            schema_version()),
                "`rivet state migrate` brings it up to date, and so does the next run");
  }
  return std::unique_ptr<sql::Connection>(std::move(connection));
}

Result<std::unique_ptr<StateStore>> open_postgres_store(Address address) {
  return sql::make_store(TRY(open_postgres_connection(std::move(address))));
}

Result<int> migrate_postgres(Address address) {
  const auto connection = TRY(Connection::open(std::move(address)));
  return migrate(*connection);
}

Result<Condition> examine_postgres(Address address, const base::Clock& clock) {
  const auto connection = TRY(Connection::open(std::move(address)));
  auto& db = *connection;
  return sql::read_transaction(db, [&] { return examine(db, clock); });
}

}  // namespace rivet::state::postgres
