// SPDX-License-Identifier: Apache-2.0
// Creates the state tables, one process at a time.
#include "state/postgres/migrate.hpp"

#include <charconv>

#include <fmt/format.h>

#include "state/postgres/dialect.hpp"
#include "state/schema.hpp"
#include "state/sql/transact.hpp"

namespace rivet::state::postgres {
namespace {

/// Tells our tables from those of any other program that counts its versions.
constexpr std::string_view kMark = "state of rivet";

/// REQUIRES: a write transaction.
Result<int> apply_missing(Connection& db) {
  TRY(db.lock_tables());
  const int found = TRY(find_version(db));  // again, under the lock: another process may have been faster
  if (TRY(db.ask("SELECT current_schema()")).empty()) {
    TRY(db.run_script(fmt::format("CREATE SCHEMA {}", db.quoted(db.schema()))));
  }
  for (const auto& migration : migrations()) {
    if (migration.version <= found) continue;
    TRY(db.run_script(table_text(migration.tables)));
    if (!migration.postgres_views.empty()) TRY(db.run_script(std::string(migration.postgres_views)));
    TRY(db.run_script(fmt::format("INSERT INTO schema_version (version) VALUES ({})", migration.version)));
  }
  TRY(db.run_script(fmt::format("COMMENT ON TABLE schema_version IS '{}'", kMark)));
  return found;
}

}  // namespace

Result<int> find_version(Connection& db) {
  if (TRY(db.ask("SELECT to_regclass('schema_version')")).empty()) return 0;
  if (TRY(db.ask("SELECT obj_description(to_regclass('schema_version'), 'pg_class')")) != kMark) {
    return fail(ErrorKind::data,
                fmt::format("the schema {} of {} holds tables, but is no state store of this program", db.schema(),
                            db.location()),
                "choose another with ?schema=NAME");
  }
  const auto text = TRY(db.ask("SELECT coalesce(max(version), 0) FROM schema_version"));
  int version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  if (version <= schema_version()) return version;
  return fail(ErrorKind::data,
              fmt::format("the state store {} has version {}, this program knows version {}", db.location(), version,
                          schema_version()),
              "use the newer version of the program that wrote it");
}

Result<int> migrate(Connection& db) {
  const int found = TRY(sql::read_transaction(db, [&] { return find_version(db); }));
  if (found == schema_version()) return found;
  return sql::write_transaction(db, [&] { return apply_missing(db); });
}

}  // namespace rivet::state::postgres
