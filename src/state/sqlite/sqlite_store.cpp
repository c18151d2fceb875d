// SPDX-License-Identifier: Apache-2.0
// Opens a file, or a copy of one, as a store.
#include "state/sqlite/sqlite_store.hpp"

#include <thread>

#include <fmt/format.h>

#include "state/sql/sql_store.hpp"
#include "state/sql/statements.hpp"
#include "state/sqlite/migrate.hpp"

namespace rivet::state::sqlite {
namespace {

using namespace std::chrono_literals;

constexpr int kBusyTimeoutMs = 10'000;

/// SQLite does not always wait for a lock by itself (the switch to WAL, recovery after a crash), so opening repeats
/// what was refused until the time is up.
template <class Step>
Result<void> while_busy(Step step) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBusyTimeoutMs);
  for (;;) {
    auto result = step();
    const bool busy = !result.has_value() && result.error().kind == ErrorKind::unavailable;
    if (!busy || std::chrono::steady_clock::now() >= deadline) return result;
    std::this_thread::sleep_for(10ms);
  }
}

/// Brings the tables up to date and prepares what is asked of them.
Result<void> set_up(Connection& db) {
  TRY(while_busy([&] { return migrate(db); }));
  TRY(while_busy([&] { return db.run_script("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"); }));
  return while_busy([&] { return db.prepare(sql::kEveryQuery); });
}

}  // namespace

Result<std::unique_ptr<sql::Connection>> open_sqlite_connection(const std::filesystem::path& path) {
  auto connection = TRY(Connection::open(path, kBusyTimeoutMs));
  TRY(set_up(*connection));
  if (connection->read_only()) {
    return fail(ErrorKind::permanent, fmt::format("the state store {} cannot be written", path.string()),
                "make the file and its directory writable for this user");
  }
  return std::unique_ptr<sql::Connection>(std::move(connection));
}

Result<std::unique_ptr<sql::Connection>> open_sqlite_copy_connection(const std::filesystem::path& path) {
  auto connection = TRY(Connection::open_copy(path, kBusyTimeoutMs));
  TRY(set_up(*connection));
  return std::unique_ptr<sql::Connection>(std::move(connection));
}

Result<int> find_sqlite_version(const std::filesystem::path& path) {
  const auto copy = TRY(Connection::open_copy(path, kBusyTimeoutMs));
  return find_version(*copy);
}

Result<std::unique_ptr<StateStore>> open_sqlite_copy(const std::filesystem::path& path) {
  return sql::make_store(TRY(open_sqlite_copy_connection(path)));
}

Result<std::unique_ptr<StateStore>> open_sqlite_store(const std::filesystem::path& path) {
  return sql::make_store(TRY(open_sqlite_connection(path)));
}

}  // namespace rivet::state::sqlite
