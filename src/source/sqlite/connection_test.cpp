// SPDX-License-Identifier: Apache-2.0
// Opening: what is refused, and how it is said.
#include "source/sqlite/connection.hpp"

#include "source/sqlite/test_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace rivet::source::sqlite {
namespace {

using testing::HasSubstr;

TEST(SqliteOpen, NamesAMissingFileAndDoesNotCreateIt) {
  const TestDatabase database;
  const auto missing = database.directory() / "missing.db";
  const auto session = open_session(missing);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::config);
  EXPECT_THAT(session.error().message, HasSubstr(missing.string() + ": no such file"));
  EXPECT_FALSE(std::filesystem::exists(missing));
}

TEST(SqliteOpen, RefusesADirectory) {
  const TestDatabase database;
  const auto session = open_session(database.directory());
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::config);
  EXPECT_THAT(session.error().message, HasSubstr("is a directory"));
}

TEST(SqliteOpen, RefusesWhatIsNoDatabase) {
  const TestDatabase database;
  const auto file = database.directory() / "text.db";
  std::ofstream(file) << std::string(4096, 'x');
  const auto session = open_session(file);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::config);
  EXPECT_THAT(session.error().message, HasSubstr("not a SQLite database"));
}

TEST(SqliteOpen, ReportsADamagedDatabase) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)");
  database.close();
  std::fstream bytes(database.file(), std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(4096);
  bytes << std::string(4096, '\x7f');
  bytes.close();
  const auto rows = read_all(database.file(), table("t"));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::permanent);
  EXPECT_THAT(rows.error().message, HasSubstr("damaged"));
}

TEST(SqliteOpen, TakesEveryCharacterOfAPathLiterally) {
  TestDatabase database("odd ?mode=memory&cache=x#%41 'q\" ü.db");
  database.execute("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (7)");
  const auto rows = read_all(database.file(), table("t"));
  ASSERT_TRUE(rows) << rows.error().to_string();
  EXPECT_EQ(*rows, (Rows{{"7"}}));
}

TEST(SqliteOpen, ReadsAnEmptyFileAsAnEmptyDatabase) {
  const TestDatabase database;
  const auto session = open_session(database.file());
  ASSERT_TRUE(session) << session.error().to_string();
  EXPECT_THAT((*session)->describe(table("t"), {}).error().message, HasSubstr("no such table: t"));
}

TEST(SqliteOpen, GivesUpOnALockAfterTheTimeout) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a INTEGER); BEGIN EXCLUSIVE");
  const auto session = open_session(database.file(), {.lock_timeout = std::chrono::seconds(1)});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(session.error().message, HasSubstr("locked by another process"));
}

TEST(SqliteOpen, StopsWaitingForALockWhenAsked) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a INTEGER); BEGIN EXCLUSIVE");
  std::stop_source stop;
  stop.request_stop();
  const auto session = open_session(database.file(), {}, stop.get_token());
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::cancelled);
}

TEST(SqliteOpen, ReadsWalDatabasesBesideTheirWriter) {
  TestDatabase database;
  database.execute(
      "PRAGMA journal_mode = wal; CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1); BEGIN IMMEDIATE; "
      "INSERT INTO t VALUES (2)");
  const auto rows = read_all(database.file(), table("t"));
  ASSERT_TRUE(rows) << rows.error().to_string();
  EXPECT_EQ(*rows, (Rows{{"1"}}));
}

TEST(SqliteOpen, SaysHowToReadAWalDatabaseWhoseIndexCannotBeCreated) {
  TestDatabase database;
  database.execute("PRAGMA journal_mode = wal; CREATE TABLE t(a INTEGER)");
  database.close();
  // A link that leads nowhere stands in for a directory without permission, which root would not notice.
  std::filesystem::create_symlink("/nonexistent/shm", database.file().string() + "-shm");
  const auto session = open_session(database.file());
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::permanent);
  EXPECT_THAT(session.error().message, HasSubstr("WAL mode"));
  EXPECT_THAT(session.error().hint, HasSubstr("VACUUM INTO"));
}

TEST(SqliteOpen, CannotWrite) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a INTEGER)");
  const auto connection = Connection::open(database.file(), {}, {});
  ASSERT_TRUE(connection);
  EXPECT_FALSE((*connection)->run("INSERT INTO t VALUES (1)"));
  EXPECT_FALSE((*connection)->run("CREATE TABLE u(a)"));
}

TEST(QuoteIdentifier, DoublesQuotes) { EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\""); }

}  // namespace
}  // namespace rivet::source::sqlite
