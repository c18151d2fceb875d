// SPDX-License-Identifier: Apache-2.0
// Sessions that share an instant see that one, or say that it is gone.
#include "source/sqlite/snapshot.hpp"

#include "source/sqlite/test_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

namespace rivet::source::sqlite {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::unique_ptr<Source> source_of(const TestDatabase& database) {
  config::Source config;
  config.type = config::SourceType::sqlite;
  config.path = database.file();
  return std::move(*make_sqlite_source(config, test_clock()));
}

std::unique_ptr<Session> open(const Source& source, const std::string& snapshot = {},
                              std::chrono::seconds lock_timeout = std::chrono::seconds(1)) {
  auto session = source.open({.lock_timeout = lock_timeout, .snapshot = snapshot}, {});
  EXPECT_TRUE(session) << session.error().to_string();
  return session ? std::move(*session) : nullptr;
}

/// The sum of t.a as the session sees it.
std::int64_t sum(Session& session) {
  const auto relation = query("SELECT sum(a) AS s FROM t");
  const auto inventory = session.describe(relation, {});
  const auto stream = session.read({.relation = relation, .columns = inventory->columns});
  return std::stoll(drain(**stream, inventory->columns)->front().front());
}

void expect_gone(const Result<std::unique_ptr<Session>>& session) {
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(session.error().code, "RIVET_SNAPSHOT_GONE");
}

constexpr const char* kWal = "PRAGMA journal_mode = wal; CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1), (2)";
constexpr const char* kRollback = "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1), (2)";

TEST(SqliteSnapshot, WithAWriteAheadLogSessionsSeeItWhileWritersGoOn) {
  TestDatabase database;
  database.execute(kWal);
  const auto source = source_of(database);
  ASSERT_TRUE(source->capabilities().shared_snapshot);
  const auto holder = open(*source);
  const auto name = holder->share_snapshot();
  ASSERT_TRUE(name) << name.error().to_string();
  EXPECT_THAT(*name, StartsWith("wal-"));
  for (int i = 0; i < 100; ++i) {
    database.execute("INSERT INTO t VALUES (10)");
    const auto first = open(*source, *name), second = open(*source, *name);
    EXPECT_EQ(sum(*first), 3);
    EXPECT_EQ(sum(*second), 3);
    EXPECT_EQ(first->row_count(table("t")), 2);
  }
  EXPECT_EQ(sum(*holder), 3);
  EXPECT_EQ(sum(*open(*source)), 1'003);
}

TEST(SqliteSnapshot, WithAWriteAheadLogAllThirtyTwoAreReservedAndMoreOnlyInQuiet) {
  TestDatabase database;
  database.execute(kWal);
  const auto source = source_of(database);
  const auto holder = open(*source);
  const auto name = *holder->share_snapshot();
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < 40; ++i) sessions.push_back(open(*source, name));
  database.execute("INSERT INTO t VALUES (10)");
  for (const auto& session : sessions) EXPECT_EQ(sum(*session), 3);
  const auto late = source->open({.snapshot = name}, {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::config);
  EXPECT_THAT(late.error().hint, HasSubstr("parallel"));
  sessions.pop_back();
  EXPECT_EQ(sum(*open(*source, name)), 3);
}

TEST(SqliteSnapshot, WithAWriteAheadLogItEndsWithItsHolder) {
  TestDatabase database;
  database.execute(kWal);
  const auto source = source_of(database);
  auto holder = open(*source);
  const auto name = *holder->share_snapshot();
  const auto joined = open(*source, name);
  holder.reset();
  database.execute("INSERT INTO t VALUES (10)");
  EXPECT_EQ(sum(*joined), 3);
  expect_gone(source->open({.snapshot = name}, {}));
  expect_gone(source_of(database)->open({.snapshot = name}, {}));
}

TEST(SqliteSnapshot, IsOneInstantAmongBusyWriters) {
  TestDatabase database;
  database.execute(kWal);
  database.execute("PRAGMA busy_timeout = 5000");
  const std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) database.execute("UPDATE t SET a = a + 1");
  });
  const auto source = source_of(database);
  for (int i = 0; i < 20; ++i) {
    const auto holder = open(*source, {}, std::chrono::seconds(30));
    const auto name = holder->share_snapshot();
    ASSERT_TRUE(name) << name.error().to_string();
    const auto expected = sum(*holder);
    for (int k = 0; k < 8; ++k) EXPECT_EQ(sum(*open(*source, *name)), expected);
  }
}

TEST(SqliteSnapshot, WithARollbackJournalItKeepsWritersOut) {
  TestDatabase database;
  database.execute(kRollback);
  const auto source = source_of(database);
  auto holder = open(*source);
  const auto name = holder->share_snapshot();
  ASSERT_TRUE(name) << name.error().to_string();
  EXPECT_THAT(*name, StartsWith("file-"));
  database.execute("BEGIN; INSERT INTO t VALUES (10)");
  EXPECT_FALSE(database.try_execute("COMMIT"));
  database.execute("ROLLBACK");
  auto joined = open(*source, *name);
  EXPECT_EQ(sum(*joined), 3);
  holder.reset();
  EXPECT_FALSE(database.try_execute("INSERT INTO t VALUES (10)")) << "the joined session holds it too";
  EXPECT_EQ(sum(*open(*source_of(database), *name)), 3) << "nobody has written: still the same instant";
  joined.reset();
  database.execute("INSERT INTO t VALUES (10)");
  expect_gone(source->open({.snapshot = *name}, {}));
}

TEST(SqliteSnapshot, OfAnotherFileOrAnotherJournalModeIsGone) {
  TestDatabase database, other;
  for (auto* each : {&database, &other}) each->execute(kRollback);
  const auto source = source_of(database);
  const auto name = *open(*source)->share_snapshot();
  expect_gone(source_of(other)->open({.snapshot = name}, {}));
  expect_gone(source->open({.snapshot = "nonsense"}, {}));
  database.execute("PRAGMA journal_mode = wal");
  expect_gone(source->open({.snapshot = name}, {}));
}

TEST(SqliteSnapshot, IsWhatItsReadsRecord) {
  for (const auto* setup : {kWal, kRollback}) {
    TestDatabase database;
    database.execute(setup);
    const auto source = source_of(database);
    const auto holder = open(*source);
    const auto name = *holder->share_snapshot();
    const auto joined = open(*source, name);
    for (auto* session : {holder.get(), joined.get()}) {
      const auto inventory = session->describe(table("t"), {});
      const auto stream = session->read({.relation = table("t"), .columns = inventory->columns});
      EXPECT_EQ((*stream)->instant().snapshot, name);
      EXPECT_EQ((*stream)->instant().at, test_clock().now());
      EXPECT_EQ(session->read({.relation = table("t"), .columns = inventory->columns}).error().kind,
                ErrorKind::internal)
          << "one stream at a time";
    }
    EXPECT_EQ(holder->share_snapshot().error().kind, ErrorKind::internal);
    EXPECT_EQ(joined->share_snapshot().error().kind, ErrorKind::internal);
  }
}

TEST(SqliteSnapshot, IsNotTakenWhileAStreamIsOpen) {
  TestDatabase database;
  database.execute(kWal);
  const auto source = source_of(database);
  const auto session = open(*source);
  const auto inventory = session->describe(table("t"), {});
  const auto stream = session->read({.relation = table("t"), .columns = inventory->columns});
  EXPECT_EQ(session->share_snapshot().error().kind, ErrorKind::internal);
  EXPECT_EQ(drain(**stream, inventory->columns)->size(), 2U);
}

TEST(SqlitePin, NoticesThatItsTransactionIsOver) {
  TestDatabase database;
  database.execute(kWal);
  const auto connection = std::move(*Connection::open(database.file(), {}, {}));
  ASSERT_TRUE(connection->pin());
  ASSERT_TRUE(connection->run("ROLLBACK"));
  const auto transaction = ReadTransaction::begin(*connection);
  ASSERT_FALSE(transaction);
  EXPECT_EQ(transaction.error().code, "RIVET_SNAPSHOT_GONE");
}

}  // namespace
}  // namespace rivet::source::sqlite
