// SPDX-License-Identifier: Apache-2.0
// Creates the state tables and brings older ones up to date.
#include "state/sqlite/migrate.hpp"

#include <charconv>

#include <fmt/format.h>

#include "state/schema.hpp"

namespace rivet::state::sqlite {
namespace {

constexpr std::int64_t kApplicationId = 0x52495654;  // "RIVT": tells our files from any other SQLite file

constexpr std::string_view kMoveAway = "move the file away to begin with an empty store";

/// What a file says it is.
struct Identity {
  bool empty = false;
  bool ours = false;
  std::int64_t version = 0;
};

Result<std::int64_t> ask_number(Connection& db, std::string_view sql) {
  const auto text = TRY(db.ask(sql));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(ErrorKind::data, fmt::format("the state store {} answers '{}' to {}", db.location(), text, sql));
  }
  return number;
}

Result<Identity> identify(Connection& db) {
  Identity identity;
  identity.empty = TRY(ask_number(db, "SELECT count(*) FROM sqlite_master")) == 0;
  identity.ours = TRY(ask_number(db, "PRAGMA application_id")) == kApplicationId;
  if (identity.ours && !identity.empty) {
    identity.version = TRY(ask_number(db, "SELECT coalesce(max(version), 0) FROM schema_version"));
  }
  return identity;
}

Result<void> require_known(const Connection& db, const Identity& identity) {
  if (!identity.empty && !identity.ours) {
    return fail(ErrorKind::data, fmt::format("{} is a database, but not a state store of this program", db.location()),
                std::string(kMoveAway));
  }
  if (identity.version > schema_version()) {
    return fail(ErrorKind::data,
                fmt::format("the state store {} has version {}, this program knows version {}", db.location(),
                            identity.version, schema_version()),
                "use the newer version of the program that wrote it");
  }
  return {};
}

/// REQUIRES: a write transaction.
Result<void> apply_missing(Connection& db) {
  const auto identity = TRY(identify(db));  // again, under the lock: another process may have been faster
  TRY(require_known(db, identity));
  for (const auto& migration : migrations()) {
    if (migration.version <= identity.version) continue;
    TRY(db.run_script(migration.tables));
    TRY(db.run_script(migration.sqlite_views));
    TRY(db.run_script(fmt::format("INSERT INTO schema_version (version) VALUES ({})", migration.version)));
  }
  return db.run_script(fmt::format("PRAGMA application_id = {}", kApplicationId));
}

}  // namespace

Result<int> find_version(Connection& db) {
  const auto identity = TRY(identify(db));
  TRY(require_known(db, identity));
  return static_cast<int>(identity.version);
}

Result<void> migrate(Connection& db) {
  const auto identity = TRY(identify(db));
  TRY(require_known(db, identity));
  TRY(db.run_script("PRAGMA journal_mode = WAL"));  // only now: a file of somebody else stays as it is
  if (identity.version == schema_version()) return {};
  auto transaction = TRY(db.begin_write());
  TRY(apply_missing(db));
  return transaction.commit();
}

}  // namespace rivet::state::sqlite
