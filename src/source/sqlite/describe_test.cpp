// SPDX-License-Identifier: Apache-2.0
// Columns, types, keys and estimates, and the relations that are refused.
#include "source/sqlite/describe.hpp"

#include "source/sqlite/test_database.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::source::sqlite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Result<model::Inventory> describe(const TestDatabase& database, const model::Relation& relation,
                                  const model::TypeOverrides& overrides = {}) {
  const auto session = TRY(open_session(database.file()));
  return session->describe(relation, overrides);
}

/// `name type`, one a column, with `!` for NOT NULL.
std::vector<std::string> types_of(const Result<model::Inventory>& inventory) {
  std::vector<std::string> out;
  if (!inventory) return {inventory.error().to_string()};
  for (const auto& column : inventory->columns) {
    out.push_back(column.name + " " + model::to_string(column.type) + (column.nullable ? "" : "!"));
  }
  return out;
}

/// `primary a, b; c; d?`, with `?` for keys that may hold NULL.
std::string keys_of(const Result<model::Inventory>& inventory) {
  if (!inventory) return inventory.error().to_string();
  std::string out;
  for (const auto& key : inventory->keys) {
    out += fmt::format("{}{}{}{}", out.empty() ? "" : "; ", key.primary ? "primary " : "", fmt::join(key.columns, ", "),
                       key.nullable ? "?" : "");
  }
  return out;
}

/// The type a column declared `declared` gets when it holds `values`, with its warning.
std::string probed(const std::string& declared, const std::string& values) {
  TestDatabase database;
  database.execute("CREATE TABLE t(c " + declared + ")");
  if (!values.empty()) database.execute("INSERT INTO t VALUES " + values);
  const auto inventory = describe(database, table("t"));
  if (!inventory) return inventory.error().to_string();
  const auto& column = inventory->columns.front();
  EXPECT_EQ(column.warning.empty(),
            column.fidelity == model::Fidelity::exact || column.type.kind == model::LogicalKind::json);
  return model::to_string(column.type) + (column.warning.empty() ? "" : " ~ " + column.warning);
}

TEST(SqliteDescribe, TellsKeysAndNullability) {
  TestDatabase database;
  database.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b REAL, c BLOB)");
  const auto inventory = describe(database, table("t"));
  EXPECT_THAT(types_of(inventory), ElementsAre("id int64!", "a text!", "b float64", "c binary"));
  EXPECT_EQ(keys_of(inventory), "primary id");
  EXPECT_EQ(inventory->row_id, "rowid");
  EXPECT_EQ(inventory->columns[1].native_type, "TEXT");
}

TEST(SqliteDescribe, CallsOnlyCertainKeysNotNull) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE text_key(id TEXT PRIMARY KEY); CREATE TABLE down(id INTEGER PRIMARY KEY DESC);"
      "CREATE TABLE pair(b INTEGER, a TEXT, PRIMARY KEY(a, b)) WITHOUT ROWID; CREATE TABLE i(id INT PRIMARY KEY)");
  EXPECT_THAT(types_of(describe(database, table("text_key"))), ElementsAre("id text"));
  EXPECT_THAT(types_of(describe(database, table("down"))), ElementsAre("id int64"));
  EXPECT_THAT(types_of(describe(database, table("i"))), ElementsAre("id int64"));
  const auto pair = describe(database, table("pair"));
  EXPECT_THAT(types_of(pair), ElementsAre("b int64!", "a text!"));
  EXPECT_EQ(keys_of(pair), "primary a, b");
}

TEST(SqliteDescribe, PromisesNothingForQueriesAndViews) {
  TestDatabase database;
  database.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL); CREATE VIEW v AS SELECT id, a FROM t");
  EXPECT_THAT(types_of(describe(database, query("SELECT id, a FROM t -- all\n;"))), ElementsAre("id int64", "a text"));
  EXPECT_THAT(types_of(describe(database, table("v"))), ElementsAre("id int64", "a text"));
}

TEST(SqliteDescribe, ListsUniqueIndexesThatCompareAsTheirColumnsDo) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(a TEXT PRIMARY KEY, b INTEGER NOT NULL, c TEXT COLLATE NOCASE, d INTEGER, UNIQUE(b, d));"
      "CREATE UNIQUE INDEX one ON t(b); CREATE UNIQUE INDEX same ON t(c DESC);"
      "CREATE UNIQUE INDEX other ON t(c COLLATE BINARY); CREATE UNIQUE INDEX part ON t(d) WHERE d > 5;"
      "CREATE UNIQUE INDEX expression ON t(d + 1); CREATE INDEX plain ON t(d)");
  EXPECT_EQ(keys_of(describe(database, table("t"))), "primary a?; b; c?; b, d?");
  database.execute("CREATE TABLE odd(a TEXT COLLATE NOCASE, PRIMARY KEY (a COLLATE BINARY))");
  EXPECT_EQ(keys_of(describe(database, table("odd"))), "");
}

TEST(SqliteDescribe, NamesARowIdThatNoColumnHides) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(a); CREATE TABLE hidden(RowId TEXT, _rowid_ TEXT); CREATE TABLE all_hidden(rowid, _rowid_, oid);"
      "CREATE TABLE w(a PRIMARY KEY) WITHOUT ROWID; CREATE VIEW v AS SELECT a FROM t;"
      "CREATE VIRTUAL TABLE words USING fts5(word)");
  EXPECT_EQ(describe(database, table("t"))->row_id, "rowid");
  EXPECT_EQ(describe(database, table("hidden"))->row_id, "oid");
  for (const auto* name : {"all_hidden", "w", "v", "words"}) EXPECT_EQ(describe(database, table(name))->row_id, "");
  EXPECT_EQ(describe(database, query("SELECT a FROM t"))->row_id, "");
  EXPECT_EQ(keys_of(describe(database, table("w"))), "primary a");
  EXPECT_EQ(keys_of(describe(database, table("v"))), "");
}

TEST(SqliteDescribe, IncludesGeneratedColumns) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(a INTEGER, b INTEGER AS (a * 2), c TEXT AS (a || 'x') STORED); INSERT INTO t VALUES (2)");
  const auto rows = read_all(database.file(), table("t"));
  ASSERT_TRUE(rows) << rows.error().to_string();
  EXPECT_EQ(*rows, (Rows{{"2", "4", "2x"}}));
}

TEST(SqliteProbe, DecidesUntypedColumnsByWhatTheyHold) {
  EXPECT_EQ(probed("", "(1), (NULL), (-5)"), "int64");
  EXPECT_EQ(probed("", "(1.5)"), "float64");
  EXPECT_EQ(probed("", "('a')"), "text");
  EXPECT_EQ(probed("", "(x'00')"), "binary");
  EXPECT_EQ(probed("", "(1), (1.5), (9007199254740992)"), "float64 ~ holds integers and reals: carried as float64");
  EXPECT_EQ(probed("", "(1.5), (9007199254740993)"),
            "text ~ holds integers that a float64 cannot hold and reals: carried as exact text");
  EXPECT_EQ(probed("", "(1), ('a')"), "text ~ holds integers and texts: carried as exact text");
  EXPECT_EQ(probed("", "(1), (x'00')"),
            "text ~ holds integers and blobs: carried as exact text, and blobs will stop the read");
  EXPECT_THAT(probed("", ""), HasSubstr("no value to tell"));
  EXPECT_THAT(probed("NUMERIC", "(NULL)"), HasSubstr("no value to tell"));
  EXPECT_EQ(probed("NUMERIC", "('12'), (3)"), "int64");
}

TEST(SqliteProbe, BelievesDeclaredNamesWhenTheValuesDo) {
  EXPECT_EQ(probed("BOOLEAN", "(0), (1), (NULL)"), "boolean");
  EXPECT_EQ(probed("DATE", "('2024-02-29'), ('-0044-03-15')"), "date");
  EXPECT_EQ(probed("DATETIME", "('2024-02-29 12:00:00'), ('2024-02-29T12:00:00.123456')"), "timestamp(us)");
  EXPECT_EQ(probed("TIME", "('23:59:59.5')"), "time");
  EXPECT_EQ(probed("DECIMAL(10,2)", "(1), (1.25), ('0.10'), (-99999999.99)"), "decimal(10,2)");
  EXPECT_EQ(probed("JSON", "('{\"a\":1}'), ('[]')"), "json");
  EXPECT_EQ(probed("UUID", "('00112233-4455-6677-8899-aabbccddeeff'), (x'00112233445566778899aabbccddeeff')"), "uuid");
  EXPECT_EQ(probed("DATE", ""), "date");
}

TEST(SqliteProbe, SaysWhichValueContradictsTheName) {
  EXPECT_EQ(probed("BOOLEAN", "(1), (2)"),
            "text ~ declared BOOLEAN but holds integer 2, which is no boolean: carried as exact text");
  EXPECT_THAT(probed("DATE", "('2024-02-30')"), HasSubstr("text '2024-02-30', which is no date"));
  EXPECT_THAT(probed("DATE", "(1700000000)"), HasSubstr("integer 1700000000"));
  EXPECT_THAT(probed("DATETIME", "('2024-02-29 12:00:00Z')"), HasSubstr("text ~"));
  EXPECT_THAT(probed("DATETIME", "('2024-02-29 12:00:00.1234567')"), HasSubstr("text ~"));
  EXPECT_THAT(probed("TIME", "('24:00:00')"), HasSubstr("text ~"));
  EXPECT_THAT(probed("DECIMAL(4,2)", "(1.255)"), HasSubstr("real 1.255"));
  EXPECT_THAT(probed("DECIMAL(4,2)", "(100)"), HasSubstr("integer 100"));
  EXPECT_THAT(probed("DECIMAL(38,20)", "(0.1 + 0.2)"), HasSubstr("real 0.30000000000000004"));
  EXPECT_THAT(probed("JSON", "('{a:1}')"), HasSubstr("which is no json"));
  EXPECT_THAT(probed("UUID", "(x'00')"), HasSubstr("blobs will stop the read"));
}

TEST(SqliteDescribe, ProbesExpressionsOfQueries) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1), (2)");
  EXPECT_THAT(types_of(describe(database, query("SELECT a, a * 1.5 AS b, 'x' || a AS c, NULL AS d FROM t"))),
              ElementsAre("a int64", "b float64", "c text", "d text"));
}

TEST(SqliteDescribe, LetsOverridesWinAndNamesUnknownOnes) {
  TestDatabase database;
  database.execute("CREATE TABLE t(amount REAL)");
  const auto inventory = describe(database, table("t"),
                                  {{"amount", {.kind = model::LogicalKind::decimal, .precision = 10, .scale = 2}},
                                   {"amuont", {.kind = model::LogicalKind::text}}});
  EXPECT_THAT(types_of(inventory), ElementsAre("amount decimal(10,2)"));
  ASSERT_THAT(inventory->warnings, SizeIs(1));
  EXPECT_THAT(inventory->warnings[0], HasSubstr("'amuont' is not a column of t"));
  EXPECT_THAT(inventory->warnings[0], HasSubstr("did you mean 'amount'?"));
}

TEST(SqliteDescribe, SaysWhichColumnsAreNotWhatTheirDeclarationPromises) {
  TestDatabase database;
  database.execute("CREATE TABLE t(id INTEGER, day DATE); INSERT INTO t VALUES (1, 'soon')");
  const auto inventory = describe(database, table("t"));
  ASSERT_THAT(inventory->warnings, SizeIs(1));
  EXPECT_THAT(inventory->warnings[0], HasSubstr("column day: declared DATE but holds text 'soon'"));
}

TEST(SqliteDescribe, EstimatesWithoutCounting) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (500); CREATE TABLE e(a);"
      "CREATE TABLE w(id INTEGER PRIMARY KEY) WITHOUT ROWID; INSERT INTO w VALUES (9)");
  EXPECT_EQ(describe(database, table("t"))->row_estimate, 500);
  EXPECT_EQ(describe(database, table("e"))->row_estimate, 0);
  EXPECT_EQ(describe(database, table("w"))->row_estimate, std::nullopt);
  EXPECT_EQ(describe(database, query("SELECT id FROM t"))->row_estimate, std::nullopt);
  database.execute("ANALYZE");
  EXPECT_EQ(describe(database, table("t"))->row_estimate, 2);
  EXPECT_EQ(describe(database, table("w"))->row_estimate, 1);
}

TEST(SqliteDescribe, ChangesItsFingerprintWithTheTable) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a INTEGER)");
  const auto before = describe(database, table("t"))->fingerprint;
  database.execute("INSERT INTO t VALUES (1)");
  EXPECT_EQ(describe(database, table("t"))->fingerprint, before);
  database.execute("ALTER TABLE t ADD COLUMN b TEXT");
  EXPECT_NE(describe(database, table("t"))->fingerprint, before);
}

TEST(SqliteDescribe, SuggestsTheNameThatWasMeant) {
  TestDatabase database;
  database.execute("CREATE TABLE customers(email TEXT)");
  const auto missing = describe(database, table("custmers"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::permanent);
  EXPECT_EQ(missing.error().hint, "did you mean 'customers'?");
  EXPECT_EQ(describe(database, query("SELECT * FROM custmers")).error().hint, "did you mean 'customers'?");
  const auto column = describe(database, query("SELECT emial FROM customers"));
  EXPECT_THAT(column.error().message, HasSubstr("no such column: emial"));
  EXPECT_EQ(column.error().hint, "did you mean 'email'?");
}

TEST(SqliteDescribe, FindsTablesOfMainInAnyCase) {
  TestDatabase database;
  database.execute("CREATE TABLE Items(a INTEGER)");
  EXPECT_TRUE(describe(database, {.schema = "main", .table = "items"}));
  const auto other = describe(database, {.schema = "public", .table = "items"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::config);
}

TEST(SqliteDescribe, RefusesWhatIsNotOneReadingStatement) {
  TestDatabase database;
  database.execute("CREATE TABLE t(a INTEGER)");
  const std::vector<std::pair<std::string, std::string>> cases{
      {"SELECT a FROM t; SELECT a FROM t", "more than one statement"},
      {"SELECT a FROM t; nonsense", "more than one statement"},
      {"DELETE FROM t RETURNING a", "would change the database"},
      {"BEGIN", "returns no columns"},
      {"-- nothing", "the query is empty"},
      {"SELECT a, a FROM t", "two columns named 'a'"},
      {"SELECT a FROM t WHERE a = ?1", "bind parameters"},
      {"SELEC 1", "syntax error"},
      {std::string("SELECT 1\0, 2", 12), "NUL character"},
  };
  for (const auto& [sql, expected] : cases) {
    const auto inventory = describe(database, query(sql));
    ASSERT_FALSE(inventory) << sql;
    EXPECT_EQ(inventory.error().kind, ErrorKind::permanent) << sql;
    EXPECT_THAT(inventory.error().message, HasSubstr(expected)) << sql;
  }
}

TEST(SqliteDescribe, StopsAProbeAtTheStatementTimeout) {
  TestDatabase database;
  const auto session = open_session(database.file(), {.statement_timeout = std::chrono::seconds(1)});
  const auto endless =
      query("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) AS n FROM c");
  const auto inventory = (*session)->describe(endless, {});
  ASSERT_FALSE(inventory);
  EXPECT_EQ(inventory.error().code, "RIVET_SOURCE_STATEMENT_TIMEOUT");
}

}  // namespace
}  // namespace rivet::source::sqlite
