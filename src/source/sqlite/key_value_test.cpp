// SPDX-License-Identifier: Apache-2.0
// Spelling: every value comes back bit for bit, and nothing else is read.
#include "source/sqlite/key_value.hpp"

#include "source/sqlite/test_database.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

namespace rivet::source::sqlite {
namespace {

/// The key text of an SQL expression, after it was parsed and bound and found to be the very same value.
std::string round_trip(Connection& connection, const std::string& expression) {
  const auto row = connection.prepare("SELECT " + expression);
  if (!row) return row.error().to_string();
  EXPECT_TRUE(*connection.step(row->get()));
  const auto text = key_text(connection, row->get(), 0);
  if (!text) return text.error().to_string();
  const auto value = parse_key_value(*text);
  if (!value) return value.error().to_string();
  const auto same = connection.prepare(
      "SELECT typeof(?1) = typeof(v) AND CAST(?1 AS BLOB) IS CAST(v AS BLOB) AND ?1 IS v FROM (SELECT " + expression +
      " AS v)");
  EXPECT_TRUE(bind_key_value(connection, same->get(), 1, *value));
  EXPECT_TRUE(*connection.step(same->get()));
  EXPECT_EQ(sqlite3_column_int(same->get(), 0), 1) << expression << " as " << *text;
  return *text;
}

class SqliteKeyValue : public testing::Test {
 protected:
  std::string back(const std::string& expression) { return round_trip(*connection_, expression); }

  TestDatabase database_;
  std::unique_ptr<Connection> connection_ = std::move(*Connection::open(database_.file(), {}, {}));
};

TEST_F(SqliteKeyValue, SpellsEveryStorageClassAsALiteral) {
  EXPECT_EQ(back("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(back("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(back("0.1"), "0.1");
  EXPECT_EQ(back("2.0"), "2.0");
  EXPECT_EQ(back("-1e300"), "-1e+300");
  EXPECT_EQ(back("5e-324"), "5e-324");
  EXPECT_EQ(back("9e999"), "9e999");
  EXPECT_EQ(back("-9e999"), "-9e999");
  EXPECT_EQ(back("''"), "''");
  EXPECT_EQ(back("'it''s'''"), "'it''s'''");
  EXPECT_EQ(back("'12'"), "'12'");
  EXPECT_EQ(back("'grüße'"), "'grüße'");
  EXPECT_EQ(back("x'00ff'"), "X'00FF'");
  EXPECT_EQ(back("x''"), "X''");
  EXPECT_EQ(back("CAST(x'610062' AS TEXT)"), "CAST(X'610062' AS TEXT)");
  EXPECT_EQ(back("CAST(x'ff61' AS TEXT)"), "CAST(X'FF61' AS TEXT)");
}

TEST_F(SqliteKeyValue, SpellsPlainDatesAsPlannersDo) {
  EXPECT_EQ(back("'2024-02-29'"), "2024-02-29");
  EXPECT_EQ(back("'-0044-03-15'"), "-0044-03-15");
  EXPECT_EQ(back("'2024-02-29 12:00:00'"), "'2024-02-29 12:00:00'");
  EXPECT_EQ(back("'02-02-29'"), "'02-02-29'");
}

TEST_F(SqliteKeyValue, KeepsEveryBitOfAReal) {
  std::mt19937_64 random(7);
  const auto statement = connection_->prepare("SELECT ?1");
  for (int i = 0; i < 20'000; ++i) {
    const auto real = std::bit_cast<double>(random());
    if (std::isnan(real)) continue;
    sqlite3_reset(statement->get());
    sqlite3_bind_double(statement->get(), 1, real);
    ASSERT_TRUE(*connection_->step(statement->get()));
    const auto value = parse_key_value(*key_text(*connection_, statement->get(), 0));
    ASSERT_TRUE(value);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(std::get<double>(*value)), std::bit_cast<std::uint64_t>(real));
  }
}

TEST(SqliteKeyValueUtf16, CarriesBrokenTextAsItIsStored) {
  const std::vector<std::pair<std::string, std::string>> cases{{"UTF-16le", "3DD8410041D8"},
                                                               {"UTF-16be", "D83D0041D841"}};
  for (const auto& [encoding, lone_surrogates] : cases) {
    TestDatabase database;
    database.execute("PRAGMA encoding = '" + encoding + "'; CREATE TABLE t(a)");
    const auto connection = std::move(*Connection::open(database.file(), {}, {}));
    EXPECT_EQ(round_trip(*connection, "'grüße 😀'"), "'grüße 😀'");
    const auto broken = "CAST(X'" + lone_surrogates + "' AS TEXT)";
    EXPECT_EQ(round_trip(*connection, broken), broken);
  }
}

TEST_F(SqliteKeyValue, ReadsNothingElse) {
  for (const std::string text : {"",
                                 "-",
                                 "+1",
                                 "1 ",
                                 " 1",
                                 "0x10",
                                 "9223372036854775808",
                                 "1e",
                                 "inf",
                                 "nan",
                                 "-inf",
                                 "9e9999",
                                 "1.0.0",
                                 ".5",
                                 "'",
                                 "'a",
                                 "'a'b'",
                                 "a",
                                 "'a' OR 1",
                                 "1 OR 1",
                                 "X'0'",
                                 "X'0g'",
                                 "X'00",
                                 "x'00'",
                                 "X",
                                 "CAST(X'00' AS BLOB)",
                                 "CAST(X'00'",
                                 "CAST( AS TEXT)",
                                 "CAST(1 AS TEXT)",
                                 "NULL",
                                 "2024-02-29 OR 1",
                                 "2024-2-29",
                                 "1-1",
                                 "'\xff'"}) {
    const auto value = parse_key_value(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().kind, ErrorKind::data);
  }
}

}  // namespace
}  // namespace rivet::source::sqlite
