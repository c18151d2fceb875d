// SPDX-License-Identifier: Apache-2.0
// Values: what arrives, what stops the read, and how batches close.
#include "source/sqlite/stream.hpp"

#include "source/sqlite/test_database.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stop_token>
#include <thread>

namespace rivet::source::sqlite {
namespace {

using Kind = model::LogicalKind;
using model::LogicalType;
using testing::HasSubstr;
using testing::StartsWith;

/// One column of `declared` holding `values`, read with an optional override.
Result<Rows> read_column(const std::string& declared, const std::string& values,
                         std::optional<LogicalType> wanted = {}) {
  TestDatabase database;
  database.execute("CREATE TABLE t(c " + declared + ")");
  database.execute("INSERT INTO t VALUES " + values);
  model::TypeOverrides overrides;
  if (wanted) overrides.emplace("c", *wanted);
  return read_all(database.file(), table("t"), overrides);
}

/// The single value of read_column, or its error.
std::string one(const std::string& declared, const std::string& value, std::optional<LogicalType> wanted = {}) {
  const auto rows = read_column(declared, "(" + value + ")", std::move(wanted));
  if (!rows) return rows.error().code.empty() ? rows.error().to_string() : rows.error().code;
  return rows->front().front();
}

constexpr std::string_view kUnrepresentable = "RIVET_VALUE_UNREPRESENTABLE";

TEST(SqliteRead, CarriesExtremesOfEveryDeclaredType) {
  EXPECT_EQ(one("INTEGER", "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(one("INTEGER", "9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(one("REAL", "9e999"), "inf");
  EXPECT_EQ(one("REAL", "-9e999"), "-inf");
  EXPECT_EQ(one("REAL", "5e-324"), "5e-324");
  EXPECT_EQ(one("REAL", "3"), "3");
  EXPECT_EQ(one("TEXT", "'grüße 😀'"), "grüße 😀");
  EXPECT_EQ(one("TEXT", "''"), "");
  EXPECT_EQ(one("TEXT", "CAST(x'610062' AS TEXT)"), std::string("a\0b", 3));
  EXPECT_EQ(one("TEXT", "12"), "12");
  EXPECT_EQ(one("BLOB", "x'00ff'"), "00ff");
  EXPECT_EQ(one("BLOB", "x''"), "");
  EXPECT_EQ(one("BOOLEAN", "1"), "true");
  EXPECT_EQ(one("DATE", "'10000-01-01'"), "10000-01-01");
  EXPECT_EQ(one("DATETIME", "'2024-02-29 12:34:56.5'"), "2024-02-29T12:34:56.500000");
  EXPECT_EQ(one("TIME", "'00:00:00'"), "00:00:00.000000");
  EXPECT_EQ(one("DECIMAL(10,2)", "0.1"), "0.10");
  EXPECT_EQ(one("DECIMAL(20,0)", "9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(one("UUID", "x'00112233445566778899aabbccddeeff'"), "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(one("JSON", "'{\"a\":  1}'"), "{\"a\":  1}");
  EXPECT_EQ(one("INTEGER", "NULL"), "<null>");
  EXPECT_EQ(one("TEXT", "NULL"), "<null>");
}

TEST(SqliteRead, CarriesMixedColumnsAsExactText) {
  const auto rows = read_column("", "(1), (1.0), (0.1), ('x'), (NULL), (1e300), (9e999)");
  ASSERT_TRUE(rows) << rows.error().to_string();
  EXPECT_EQ(*rows, (Rows{{"1"}, {"1.0"}, {"0.1"}, {"x"}, {"<null>"}, {"1e+300"}, {"inf"}}));
}

TEST(SqliteRead, ConvertsOverridesExactlyOrNotAtAll) {
  EXPECT_EQ(one("TEXT", "'007'", LogicalType{.kind = Kind::int16}), "7");
  EXPECT_EQ(one("INTEGER", "32768", LogicalType{.kind = Kind::int16}), kUnrepresentable);
  EXPECT_EQ(one("REAL", "2.0", LogicalType{.kind = Kind::int32}), "2");
  EXPECT_EQ(one("REAL", "2.5", LogicalType{.kind = Kind::int32}), kUnrepresentable);
  EXPECT_EQ(one("REAL", "9223372036854775808.0", LogicalType{.kind = Kind::int64}), kUnrepresentable);
  EXPECT_EQ(one("TEXT", "'18446744073709551615'", LogicalType{.kind = Kind::uint64}), "18446744073709551615");
  EXPECT_EQ(one("INTEGER", "-1", LogicalType{.kind = Kind::uint64}), kUnrepresentable);
  EXPECT_EQ(one("INTEGER", "9007199254740993", LogicalType{.kind = Kind::float64}), kUnrepresentable);
  EXPECT_EQ(one("INTEGER", "9223372036854775807", LogicalType{.kind = Kind::float64}), kUnrepresentable);
  EXPECT_EQ(one("INTEGER", "9007199254740992", LogicalType{.kind = Kind::float64}), "9007199254740992");
  EXPECT_EQ(one("REAL", "0.1", LogicalType{.kind = Kind::float32}), kUnrepresentable);
  EXPECT_EQ(one("REAL", "0.5", LogicalType{.kind = Kind::float32}), "0.5");
  EXPECT_EQ(one("TEXT", "'yes'", LogicalType{.kind = Kind::boolean}), kUnrepresentable);
  EXPECT_EQ(one("TEXT", "'t'", LogicalType{.kind = Kind::boolean}), "true");
  EXPECT_EQ(one("TEXT", "'1.005'", LogicalType{.kind = Kind::decimal, .precision = 10, .scale = 2}), kUnrepresentable);
  EXPECT_EQ(one("TEXT", "'2024-01-01 00:00:00+02'", LogicalType{.kind = Kind::timestamp_tz}),
            "2023-12-31T22:00:00.000000Z");
  EXPECT_EQ(one("TEXT", "'2024-01-01 00:00:00.123456789'",
                LogicalType{.kind = Kind::timestamp, .unit = model::TimeUnit::nano}),
            "2024-01-01T00:00:00.123456789");
  EXPECT_EQ(one("TEXT", "'00FF'", LogicalType{.kind = Kind::binary}), "00ff");
  EXPECT_EQ(one("TEXT", "'0'", LogicalType{.kind = Kind::binary}), kUnrepresentable);
  EXPECT_EQ(one("INTEGER", "'word'", LogicalType{.kind = Kind::text}), "word");
  EXPECT_EQ(one("REAL", "2", LogicalType{.kind = Kind::text}), "2.0");
  EXPECT_EQ(one("BLOB", "x'00'", LogicalType{.kind = Kind::text}), kUnrepresentable);
  EXPECT_EQ(one("TEXT", "'{'", LogicalType{.kind = Kind::json}), kUnrepresentable);
}

TEST(SqliteRead, RefusesValuesTheColumnCannotHold) {
  EXPECT_EQ(one("INTEGER", "'abc'"), kUnrepresentable);
  EXPECT_EQ(one("INTEGER", "1.5"), kUnrepresentable);
  EXPECT_EQ(one("REAL", "'abc'"), kUnrepresentable);
  EXPECT_EQ(one("TEXT", "x'00'"), kUnrepresentable);
  EXPECT_EQ(one("BLOB", "'cafe'"), kUnrepresentable);
  EXPECT_EQ(one("TEXT", "CAST(x'ff61' AS TEXT)"), kUnrepresentable);
  EXPECT_EQ(one("BOOLEAN", "x'01'"), kUnrepresentable);
}

TEST(SqliteRead, NamesTableColumnValueAndRow) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE keyed(id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO keyed VALUES (1, 1), (42, 'many\nwords');"
      "CREATE TABLE bare(n INTEGER); INSERT INTO bare(rowid, n) VALUES (7, 'x');"
      "CREATE TABLE pair(a TEXT, b INTEGER, n INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;"
      "INSERT INTO pair VALUES ('k', 2, 'y')");
  const auto keyed = read_all(database.file(), table("keyed"));
  ASSERT_FALSE(keyed);
  EXPECT_EQ(keyed.error().kind, ErrorKind::permanent);
  EXPECT_EQ(keyed.error().message, "keyed, column 'n', row id = 42: the text 'many\\x0awords' is no int64");
  EXPECT_EQ(keyed.error().hint, "carry the column as exact text with columns: {n: text}");
  EXPECT_THAT(read_all(database.file(), table("bare")).error().message, HasSubstr("row rowid 7:"));
  EXPECT_THAT(read_all(database.file(), table("pair")).error().message, HasSubstr("row a = 'k', b = 2:"));
  EXPECT_THAT(read_all(database.file(), query("SELECT n FROM bare")).error().message,
              HasSubstr("row number 1 of the result:"));
}

TEST(SqliteRead, ShortensTheValuesItQuotes) {
  TestDatabase database;
  database.execute("CREATE TABLE t(n INTEGER); INSERT INTO t VALUES (printf('%.500c', 'é'))");
  const auto rows = read_all(database.file(), table("t"));
  ASSERT_FALSE(rows);
  EXPECT_THAT(rows.error().message, HasSubstr("more bytes)"));
  EXPECT_LT(rows.error().message.size(), 300U);
}

TEST(SqliteRead, RefusesValuesAboveTheLimit) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB, s TEXT);"
      "INSERT INTO t VALUES (1, zeroblob(100), 'a'), (2, zeroblob(101), 'a')");
  const auto rows = read_all(database.file(), table("t"), {}, {.value_bytes = 100});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, "RIVET_VALUE_TOO_LARGE");
  EXPECT_THAT(rows.error().message, StartsWith("t, column 'b', row id = 2: the value has 101 B"));
  EXPECT_TRUE(read_all(database.file(), table("t"), {}, {.value_bytes = 101}));
}

TEST(SqliteRead, KeepsOddNames) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE \"odd \"\"t\"\".\nüx\"(\"a\"\"b\" INTEGER, \"c.d\" TEXT, \"line\nbreak\" TEXT, \"\" TEXT, "
      "\"rowid\" INTEGER); INSERT INTO \"odd \"\"t\"\".\nüx\" VALUES (1, 'x', 'y', 'z', 5)");
  const auto rows = read_all(database.file(), table("odd \"t\".\nüx"));
  ASSERT_TRUE(rows) << rows.error().to_string();
  EXPECT_EQ(*rows, (Rows{{"1", "x", "y", "z", "5"}}));
}

TEST(SqliteRead, TakesTwoThousandColumns) {
  TestDatabase database;
  std::string columns, values;
  for (int i = 0; i < 2000; ++i) {
    columns += fmt::format("{}c{} INTEGER", i == 0 ? "" : ", ", i);
    values += fmt::format("{}{}", i == 0 ? "" : ", ", i);
  }
  database.execute("CREATE TABLE t(" + columns + ")");
  for (int i = 0; i < 100; ++i) database.execute("INSERT INTO t VALUES (" + values + ")");
  const auto rows = read_all(database.file(), table("t"));
  ASSERT_TRUE(rows) << rows.error().to_string();
  EXPECT_EQ(rows->size(), 100U);
  EXPECT_EQ(rows->back().back(), "1999");
}

TEST(SqliteRead, GivesNoBatchForNoRows) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a INTEGER)");
  const auto session = open_session(database.file());
  const auto inventory = (*session)->describe(table("t"), {});
  const auto stream = (*session)->read({.relation = table("t"), .columns = inventory->columns});
  ASSERT_TRUE(stream);
  for (int i = 0; i < 2; ++i) {
    const auto batch = (*stream)->next();
    ASSERT_TRUE(batch);
    EXPECT_FALSE(batch->has_value());
  }
  EXPECT_EQ((*stream)->bytes_read(), 0);
}

/// Rows of each batch of a table.
std::vector<std::int64_t> batch_sizes(const TestDatabase& database, BatchLimits limits) {
  const auto session = open_session(database.file());
  const auto inventory = (*session)->describe(table("t"), {});
  const auto stream = (*session)->read({.relation = table("t"), .columns = inventory->columns, .limits = limits});
  std::vector<std::int64_t> sizes;
  while (true) {
    const auto batch = (*stream)->next();
    EXPECT_TRUE(batch);
    if (!batch || !batch->has_value()) return sizes;
    sizes.push_back((**batch)->num_rows());
  }
}

TEST(SqliteRead, ClosesBatchesByRowsAndByBytes) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(a TEXT); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 10) "
      "INSERT INTO t SELECT printf('%.100c', 'x') FROM c");
  EXPECT_THAT(batch_sizes(database, {.rows = 4}), testing::ElementsAre(4, 4, 2));
  EXPECT_THAT(batch_sizes(database, {.bytes = 250}), testing::ElementsAre(3, 3, 3, 1));
  EXPECT_THAT(batch_sizes(database, {.rows = 0, .bytes = 0}), testing::ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(batch_sizes(database, {.rows = 5}), testing::ElementsAre(5, 5));
}

TEST(SqliteRead, SeesOneStateOfTheDatabase) {
  TestDatabase database;
  database.execute("PRAGMA journal_mode = wal; CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1), (2)");
  const auto session = open_session(database.file());
  const auto inventory = (*session)->describe(table("t"), {});
  const auto stream = (*session)->read({.relation = table("t"), .columns = inventory->columns, .limits = {.rows = 1}});
  ASSERT_TRUE((*stream)->next());
  database.execute("INSERT INTO t VALUES (3)");
  const auto rest = drain(**stream, inventory->columns);
  EXPECT_EQ(*rest, (Rows{{"2"}}));
  EXPECT_EQ((*stream)->instant().at, test_clock().now());
  EXPECT_EQ((*stream)->instant().snapshot, "schema_version=1");
  EXPECT_EQ((*stream)->bytes_read(), 16);
}

TEST(SqliteRead, NoticesWhatChangedSinceItWasDescribed) {
  for (const auto* change :
       {"ALTER TABLE t ADD COLUMN b TEXT", "ALTER TABLE t RENAME COLUMN a TO z", "DROP TABLE t; CREATE TABLE t(a TEXT)",
        "DROP TABLE t; CREATE TABLE t(a INTEGER NOT NULL)"}) {
    TestDatabase database;
    database.execute("CREATE TABLE t(a INTEGER)");
    const auto session = open_session(database.file());
    const auto inventory = (*session)->describe(table("t"), {});
    database.execute(change);
    const auto stream = (*session)->read({.relation = table("t"), .columns = inventory->columns});
    ASSERT_FALSE(stream) << change;
    EXPECT_EQ(stream.error().kind, ErrorKind::drift) << change;
  }
}

TEST(SqliteRead, RefusesAValueThatCameAfterTheProbe) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a BOOLEAN); INSERT INTO t VALUES (1)");
  const auto session = open_session(database.file());
  const auto inventory = (*session)->describe(table("t"), {});
  database.execute("INSERT INTO t VALUES (2)");
  const auto stream = (*session)->read({.relation = table("t"), .columns = inventory->columns});
  const auto rows = drain(**stream, inventory->columns);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, kUnrepresentable);
  EXPECT_EQ((*stream)->next().error().kind, ErrorKind::internal);
}

TEST(SqliteRead, StopsInsideALongStatement) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)");
  std::stop_source stop;
  const auto session = open_session(database.file(), {}, stop.get_token());
  const auto endless =
      query("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT a FROM t, c WHERE x < 0");
  const auto inventory = (*session)->describe(endless, {});
  ASSERT_TRUE(inventory) << inventory.error().to_string();
  const auto stream = (*session)->read({.relation = endless, .columns = inventory->columns});
  const std::jthread stopper([&] { stop.request_stop(); });
  const auto batch = (*stream)->next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().kind, ErrorKind::cancelled);
}

TEST(SqliteRead, AllowsOneStreamAtATimeAndAnotherAfterwards) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)");
  const auto session = open_session(database.file());
  const auto inventory = (*session)->describe(table("t"), {});
  {
    const auto first = (*session)->read({.relation = table("t"), .columns = inventory->columns});
    ASSERT_TRUE(first);
    EXPECT_EQ((*session)->read({.relation = table("t"), .columns = inventory->columns}).error().kind,
              ErrorKind::internal);
  }
  EXPECT_TRUE((*session)->read({.relation = table("t"), .columns = inventory->columns}));
}

TEST(SqliteRead, ReadsUtf16DatabasesWithoutRepairingThem) {
  TestDatabase database;
  database.execute("PRAGMA encoding = 'UTF-16'; CREATE TABLE t(a TEXT); INSERT INTO t VALUES ('grüße 😀')");
  EXPECT_EQ(*read_all(database.file(), table("t")), (Rows{{"grüße 😀"}}));
  database.execute("DELETE FROM t; INSERT INTO t VALUES (CAST(x'3dd84100' AS TEXT))");
  const auto rows = read_all(database.file(), table("t"));
  ASSERT_FALSE(rows);
  EXPECT_THAT(rows.error().message, HasSubstr("is not valid Unicode text"));
}

}  // namespace
}  // namespace rivet::source::sqlite
