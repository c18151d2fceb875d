// SPDX-License-Identifier: Apache-2.0
// Units hold every row exactly once, whatever the key is made of.
#include "source/sqlite/predicate.hpp"

#include "model/ranges.hpp"
#include "source/sqlite/key_probe.hpp"
#include "source/sqlite/test_database.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <random>

namespace rivet::source::sqlite {
namespace {

using model::Bound;
using model::KeyColumns;
using model::KeyRange;
using model::KeyValues;
using model::NullKey;
using model::PageRange;
using model::Predicate;
using model::RowNumbers;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Numbers = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

/// The first column of all rows for which `predicate` holds.
Result<Numbers> numbers(Connection& connection, const model::Relation& relation, const Predicate& predicate) {
  const auto shape = TRY(read_shape(connection, relation));
  const auto statement = TRY(prepare_bound(connection, TRY(select_rows(shape, relation, predicate, false))));
  Numbers out;
  while (TRY(connection.step(statement.get()))) out.push_back(sqlite3_column_int64(statement.get(), 0));
  return out;
}

/// (-inf, b1], (b1, b2], ..., (bn, +inf), and the rows with NULL.
std::vector<Predicate> units_between(const KeyColumns& key, const std::vector<KeyValues>& points) {
  std::vector<Predicate> units;
  for (auto& range : model::ranges_between(key, {}, points, {})) units.push_back({{std::move(range)}});
  units.push_back({{NullKey{key.columns, key.coalesced}}});
  return units;
}

/// All rows of all units, sorted; `sizes` gets the number of rows of each.
Numbers read_units(Connection& connection, const model::Relation& relation, const std::vector<Predicate>& units,
                   std::vector<std::size_t>* sizes = nullptr) {
  Numbers out;
  for (const auto& unit : units) {
    const auto rows = numbers(connection, relation, unit);
    EXPECT_TRUE(rows) << rows.error().to_string();
    if (!rows) continue;
    out.insert(out.end(), rows->begin(), rows->end());
    if (sizes != nullptr) sizes->push_back(rows->size());
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// The steps by which SQLite runs `sql`.
std::string plan_of(Connection& connection, const std::string& sql) {
  const auto statement = connection.prepare("EXPLAIN QUERY PLAN " + sql);
  if (!statement) return statement.error().message;
  std::string out;
  while (*connection.step(statement->get())) out += text_at(statement->get(), 3) + "\n";
  return out;
}

std::unique_ptr<Connection> connect(const TestDatabase& database) {
  return std::move(*Connection::open(database.file(), {}, {}));
}

/// Cuts at the source's own points and at keys of single rows, and asks for every row once.
void expect_units_tile(const TestDatabase& database, const model::Relation& relation, const KeyColumns& key) {
  const auto connection = connect(database);
  auto all = *numbers(*connection, relation, {});
  std::sort(all.begin(), all.end());
  for (const int parts : {1, 2, 7, 1'000}) {
    const auto points = split_points(*connection, relation, key, parts);
    ASSERT_TRUE(points) << points.error().to_string();
    EXPECT_LT(points->size(), static_cast<std::size_t>(parts));
    std::vector<std::size_t> sizes;
    EXPECT_EQ(read_units(*connection, relation, units_between(key, *points), &sizes), all) << parts;
    if (points->empty()) continue;
    // Ascending and distinct as the server compares: every range holds the key at its end.
    EXPECT_EQ(std::count(sizes.begin(), sizes.end() - 1, 0), 0) << parts;
  }
}

/// SQL literals of one kind of value.
using Literals = std::string (*)(std::mt19937_64&);

std::string pick(std::mt19937_64& random, const Names& from) { return from[random() % from.size()]; }

std::string extreme_integer(std::mt19937_64& random) {
  switch (random() % 5) {
    case 0: return "-9223372036854775808";
    case 1: return "9223372036854775807";
    case 2: return fmt::format("{}", static_cast<std::int64_t>(random()));
    default: return fmt::format("{}", static_cast<std::int64_t>(random() % 41) - 20);
  }
}
std::string skewed_integer(std::mt19937_64& random) {
  return random() % 10 < 8 ? "7" : fmt::format("{}", random() % 1'000'000);
}
std::string real(std::mt19937_64& random) {
  return random() % 4 == 0 ? pick(random, {"9e999", "-9e999", "5e-324", "-0.0", "1.7976931348623157e308", "0.1"})
                           : fmt::format("{}.0 / 7", static_cast<std::int64_t>(random() % 200) - 100);
}
std::string text(std::mt19937_64& random) {
  std::string out = "'";
  for (auto left = random() % 4; left > 0; --left) {
    out += pick(random, {"a", "A", "b", "B", " ", "''", "\"", "ä", "Ä", "ß", "😀", "_", "1", "\n", "%"});
  }
  return out + "'";
}
std::string odd_text(std::mt19937_64& random) {
  return random() % 2 == 0 ? text(random)
                           : pick(random, {"CAST(x'ff61' AS TEXT)", "CAST(x'6100' AS TEXT)", "CAST(x'610062' AS TEXT)",
                                           "CAST(x'3dd84100' AS TEXT)", "'12'", "'1e1'", "'2024-02-29'", "'0x10'"});
}
std::string blob(std::mt19937_64& random) {
  return pick(random, {"x''", "x'00'", "x'0000'", "x'27'", "x'ff'", "x'ff00'", "x'61'", "randomblob(3)"});
}
std::string anything(std::mt19937_64& random) {
  constexpr std::array<Literals, 5> kinds{extreme_integer, real, text, odd_text, blob};
  return kinds[random() % kinds.size()](random);
}
std::string or_null(std::mt19937_64& random, Literals literals) {
  return random() % 8 == 0 ? "NULL" : literals(random);
}

constexpr std::array<Literals, 7> kKinds{extreme_integer, skewed_integer, real, text, odd_text, blob, anything};

/// Fills t(n, a, b) with random rows: both keys NULL now and then.
void fill(TestDatabase& database, const std::string& columns, Literals a, Literals b, int rows, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  database.execute("DROP TABLE IF EXISTS t; CREATE TABLE t(" + columns + ")");
  std::string values;
  for (int n = 0; n < rows; ++n) {
    values += fmt::format("{}({}, {}, {})", n == 0 ? "" : ", ", n, or_null(random, a), or_null(random, b));
  }
  database.execute("INSERT INTO t(n, a, b) VALUES " + values);
}

const Names kDeclared{
    "", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "VARCHAR COLLATE NOCASE", "TEXT COLLATE RTRIM", "DATE"};
constexpr int kRows = 100;

TEST(SqliteUnits, TileEveryDeclarationAndEveryKindOfValue) {
  TestDatabase database;
  std::uint64_t seed = 1;
  for (const auto& declared : kDeclared) {
    for (const auto kind : kKinds) {
      SCOPED_TRACE(fmt::format("{} {}", declared, seed));
      fill(database, fmt::format("n INTEGER, a {}, b", declared), kind, kind, kRows, ++seed);
      expect_units_tile(database, table("t"), Names{"a"});
      database.execute("CREATE INDEX i ON t(a)");
      expect_units_tile(database, table("t"), Names{"a"});
    }
  }
}

TEST(SqliteUnits, TileCompositeKeysWithTiesAndNulls) {
  TestDatabase database;
  std::uint64_t seed = 100;
  for (const auto& declared : kDeclared) {
    SCOPED_TRACE(declared);
    fill(database, fmt::format("n INTEGER, a TEXT COLLATE NOCASE, b {}", declared), text, anything, kRows, ++seed);
    expect_units_tile(database, table("t"), Names{"a", "b"});
    for (const auto* order : {"a, b", "a DESC, b", "a, b DESC", "a, b, n", "b, a", "a COLLATE BINARY, b"}) {
      database.execute(fmt::format("DROP INDEX IF EXISTS i; CREATE INDEX i ON t({})", order));
      expect_units_tile(database, table("t"), Names{"a", "b"});
      expect_units_tile(database, table("t"), Names{"b", "a", "n"});
    }
  }
}

TEST(SqliteUnits, TileTablesWithoutRowid) {
  TestDatabase database;
  std::uint64_t seed = 200;
  for (const auto& declared : kDeclared) {
    SCOPED_TRACE(declared);
    fill(database, fmt::format("n INTEGER, a {}, b", declared), anything, text, kRows, ++seed);
    database.execute(
        fmt::format("DROP TABLE IF EXISTS w; CREATE TABLE w(n INTEGER, b TEXT COLLATE RTRIM, a {}, "
                    "PRIMARY KEY (a, b)) WITHOUT ROWID;"
                    "INSERT OR IGNORE INTO w SELECT n, b, a FROM t WHERE a IS NOT NULL AND b IS NOT NULL",
                    declared));
    expect_units_tile(database, table("w"), Names{"a", "b"});
    expect_units_tile(database, table("w"), Names{"a"});
  }
}

TEST(SqliteUnits, TileRowids) {
  TestDatabase database;
  fill(database, "n INTEGER PRIMARY KEY, a, b", text, text, kRows, 300);
  database.execute("INSERT INTO t(n) VALUES (-9223372036854775808), (-5), (9223372036854775807)");
  expect_units_tile(database, table("t"), Names{"n"});
  expect_units_tile(database, table("t"), Names{"rowid"});
  database.execute("CREATE TABLE u(n INTEGER, rowid TEXT); INSERT INTO u SELECT n, 'x' FROM t");
  expect_units_tile(database, table("u"), Names{"_rowid_"});
  expect_units_tile(database, table("u"), Names{"rowid"});
}

TEST(SqliteUnits, TileQueriesAndViews) {
  TestDatabase database;
  database.execute("CREATE TABLE s(x INTEGER PRIMARY KEY, y TEXT); INSERT INTO s VALUES (0, 'even'), (1, 'Odd')");
  const Names queries{
      "SELECT n, a || '' AS a, b FROM t",
      "SELECT n, CAST(a AS TEXT) AS a, b FROM t",
      "SELECT n, CAST(a AS INTEGER) AS a, b FROM t",
      "SELECT n, a COLLATE NOCASE AS a, b COLLATE RTRIM AS b FROM t",
      "SELECT n, +a AS a, +b AS b FROM t",
      "SELECT n, a, b FROM t -- a comment",
      "SELECT n, a, b FROM t -- a; comment\n;  -- more",
      "SELECT n, a, b FROM t ORDER BY b LIMIT 100",
      "SELECT DISTINCT n, a, b FROM t",
      "WITH c AS (SELECT n, a, b FROM t) SELECT n, a, b FROM c",
      "SELECT n, y AS a, b FROM t JOIN s ON x = n % 2",
      "SELECT n, y AS a, b FROM t LEFT JOIN s ON x = n % 3",
      "SELECT max(n) AS n, a, count(*) AS b FROM t GROUP BY a",
      "SELECT n, a, row_number() OVER (ORDER BY n DESC) AS b FROM t",
      "SELECT n, a, b FROM t AS _rivet WHERE _rivet.n > 10",
      "SELECT n, a, b FROM v",
      "VALUES (1, 2, 3), (2, 'x', NULL), (3, NULL, x'00')",
  };
  std::uint64_t seed = 400;
  for (const auto& declared : kDeclared) {
    fill(database, fmt::format("n INTEGER, a {}, b TEXT COLLATE NOCASE", declared), anything, text, kRows, ++seed);
    database.execute("DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT n, a, b FROM t; CREATE INDEX i ON t(a, b)");
    expect_units_tile(database, table("v"), Names{"a", "b"});
    for (const auto& sql : queries) {
      SCOPED_TRACE(declared + ": " + sql);
      const bool named = !sql.starts_with("VALUES");
      expect_units_tile(database, query(sql), Names{named ? "a" : "column2"});
      expect_units_tile(database, query(sql), Names{named ? "b" : "column3", named ? "a" : "column2"});
    }
  }
}

/// Tables t0, t1, .. of one declaration each, with values of all kinds.
const Names kUnited{"", "INTEGER", "TEXT", "TEXT COLLATE NOCASE", "REAL", "TEXT COLLATE RTRIM"};

void fill_united(TestDatabase& database) {
  fill(database, "n INTEGER, a, b", anything, odd_text, 60, 500);
  for (std::size_t i = 0; i < kUnited.size(); ++i) {
    database.execute(
        fmt::format("CREATE TABLE t{0}(n INTEGER, k {1}); CREATE INDEX i{0} ON t{0}(k);"
                    "INSERT INTO t{0} SELECT n + 1000 * {0}, a FROM t;"
                    "INSERT INTO t{0} SELECT n + 1000 * {0} + 500, b FROM t",
                    i, kUnited[i]));
  }
}

const Names kUnions{
    "SELECT n, k FROM t{} UNION ALL SELECT n, k FROM t{}", "SELECT n, k FROM t{} UNION SELECT n, k FROM t{}",
    "SELECT n, k FROM (SELECT n, k FROM t{} UNION ALL SELECT n, k FROM t{} ORDER BY n)",
    "SELECT n, a AS k FROM t WHERE 0 UNION ALL SELECT n, k FROM t{} UNION ALL SELECT n, k FROM t{}",
    "WITH RECURSIVE c(n, k) AS (SELECT n, k FROM t{} UNION ALL SELECT c.n + 100000, x.k FROM c JOIN t{} "
    "AS x ON x.n % 1000 = c.n % 1000 WHERE c.n < 100000) SELECT n, k FROM c"};

TEST(SqliteUnits, TileUnionsOfColumnsThatCompareDifferently) {
  TestDatabase database;
  fill_united(database);
  for (std::size_t i = 0; i < kUnited.size() * kUnions.size(); ++i) {
    const auto first = i % kUnited.size(), second = (i + 1 + i / kUnited.size()) % kUnited.size();
    if (kUnited[first] == "REAL") continue;
    const auto sql = fmt::format(fmt::runtime(kUnions[i / kUnited.size()]), first, second);
    SCOPED_TRACE(sql);
    expect_units_tile(database, query(sql), Names{"k"});
    expect_units_tile(database, query(sql), Names{"k", "n"});
    database.execute("DROP VIEW IF EXISTS u; CREATE VIEW u AS " + sql);
    expect_units_tile(database, query("SELECT n, k FROM u AS x WHERE n > 3"), Names{"k"});
  }
}

TEST(SqliteUnits, RefuseUnionsWhoseIntegersWouldBecomeReals) {
  TestDatabase database;
  fill_united(database);
  const auto connection = connect(database);
  database.execute("CREATE VIEW v AS SELECT n, k FROM t4 UNION ALL SELECT n, k FROM t1");
  for (const auto& relation :
       {query("SELECT n, k FROM t4 UNION ALL SELECT n, k FROM t1"), table("v"),
        query("SELECT n, CAST(n AS REAL) AS k FROM t1 UNION SELECT n, k FROM t1"), query("SELECT n, k FROM v")}) {
    EXPECT_TRUE(numbers(*connection, relation, {}));
    const auto read = numbers(*connection, relation, {{KeyRange{{"n"}, {}, {}}}});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::config);
    EXPECT_THAT(read.error().hint, HasSubstr("write +\"k\" AS \"k\" in the first SELECT"));
    EXPECT_EQ(key_extent(*connection, relation, Names{"n"}).error().kind, ErrorKind::config);
    EXPECT_EQ(split_points(*connection, relation, Names{"n"}, 2).error().kind, ErrorKind::config);
  }
  expect_units_tile(database, query("SELECT n, +k AS k FROM t4 UNION ALL SELECT n, k FROM t1"), Names{"k"});
}

TEST(SqliteUnits, TileUtf16Databases) {
  for (const auto* encoding : {"UTF-16le", "UTF-16be"}) {
    TestDatabase database;
    database.execute(fmt::format("PRAGMA encoding = '{}'", encoding));
    for (const auto* declared : {"TEXT", "TEXT COLLATE NOCASE", ""}) {
      SCOPED_TRACE(fmt::format("{} {}", encoding, declared));
      fill(database, fmt::format("n INTEGER, a {}, b", declared), odd_text, anything, kRows, 600);
      expect_units_tile(database, table("t"), Names{"a"});
      expect_units_tile(database, table("t"), Names{"a", "b"});
    }
  }
}

TEST(SqliteUnits, TileCoalescedKeysOfEveryDeclarationAndKindOfValue) {
  TestDatabase database;
  std::uint64_t seed = 900;
  for (const auto& declared : kDeclared) {
    for (const auto kind : kKinds) {
      SCOPED_TRACE(fmt::format("{} {}", declared, seed));
      fill(database, fmt::format("n INTEGER, a {}, b TEXT COLLATE NOCASE", declared), kind, anything, kRows, ++seed);
      database.execute("DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT n, a COLLATE NOCASE AS a, b FROM t");
      expect_units_tile(database, table("t"), KeyColumns({"a", "b"}, true));
      database.execute("CREATE INDEX i ON t(coalesce(a, b)); CREATE INDEX j ON t(coalesce(b, a) COLLATE NOCASE)");
      expect_units_tile(database, table("t"), KeyColumns({"a", "b"}, true));
      expect_units_tile(database, table("t"), KeyColumns({"b", "a"}, true));
    }
    for (const auto& relation : {table("v"), query("SELECT n, a, b COLLATE RTRIM AS b FROM t --")}) {
      expect_units_tile(database, relation, KeyColumns({"a", "b"}, true));
      expect_units_tile(database, relation, KeyColumns({"a"}, true));
    }
  }
}

TEST(SqliteUnits, OfACoalescedKeyUseAnIndexOnIt) {
  TestDatabase database;
  database.execute("CREATE TABLE t(n INTEGER PRIMARY KEY, a, b); CREATE INDEX i ON t(coalesce(a, b))");
  const auto connection = connect(database);
  const auto shape = read_shape(*connection, table("t"));
  const auto sql = select_rows(*shape, table("t"), {{KeyRange{{"a", "b"}, Bound{{"1"}}, {}, true}}}, false);
  EXPECT_THAT(plan_of(*connection, sql->text), HasSubstr("USING INDEX i (<expr>>?)"));
  const auto walk = walk_statement(*shape, table("t"), KeyColumns({"a", "b"}, true), false);
  EXPECT_THAT(plan_of(*connection, walk->text), HasSubstr("USING INDEX i"));
  EXPECT_THAT(plan_of(*connection, walk->text), Not(HasSubstr("TEMP B-TREE")));
}

TEST(SqliteBounds, HoldInEverythingThatIsAskedOfARelation) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(n INTEGER PRIMARY KEY, a TEXT, b INTEGER); CREATE INDEX i ON t(a);"
      "INSERT INTO t VALUES (1, '2024-02-28', 5), (2, '2024-02-29', NULL), (3, NULL, 3), (4, '2024-03-01', 4), "
      "(5, NULL, NULL); CREATE VIEW v AS SELECT n, a, b FROM t");
  const auto session = std::move(*open_session(database.file()));
  for (auto relation : {table("t"), table("v"), query("SELECT n, a, b FROM t -- all")}) {
    SCOPED_TRACE(model::display_name(relation));
    relation.within = {{KeyRange{{"a"}, Bound{{"2024-02-28"}, false}, {}}}};
    const auto connection = connect(database);
    EXPECT_THAT(*numbers(*connection, relation, {}), ElementsAre(2, 4));
    EXPECT_THAT(*numbers(*connection, relation, {{NullKey{{"b"}}}}), ElementsAre(2));
    EXPECT_THAT(*numbers(*connection, relation, {{RowNumbers{"n", 2, 2}}}), ElementsAre(4));
    EXPECT_EQ(session->row_count(relation), 2);
    const auto extent = session->key_extent(relation, Names{"b"});
    EXPECT_EQ(extent->first, KeyValues{"4"});
    EXPECT_EQ(extent->last, KeyValues{"4"});
    EXPECT_TRUE(extent->has_null);
    EXPECT_FALSE(session->key_extent(relation, Names{"a"})->has_null);
    EXPECT_FALSE(session->key_extent(relation, KeyColumns({"b", "a"}, true))->has_null);
    EXPECT_THAT(*session->split_points(relation, Names{"n"}, 2), ElementsAre(KeyValues{"2"}));
    relation.within = {{NullKey{{"a", "b"}, true}}};
    EXPECT_THAT(*numbers(*connection, relation, {}), ElementsAre(5));
    EXPECT_FALSE(session->key_extent(relation, KeyColumns({"a", "b"}, true))->first);
    relation.within = {{RowNumbers{"n", 1, 1}}};
    EXPECT_EQ(session->row_count(relation).error().kind, ErrorKind::internal);
  }
}

TEST(SqliteBounds, EstimateRangesOfTheRowidAndNothingElse) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(n INTEGER PRIMARY KEY, a); INSERT INTO t SELECT value, 1 FROM "
      "(WITH RECURSIVE c(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM c WHERE value < 100) SELECT "
      "value FROM c)");
  const auto session = std::move(*open_session(database.file()));
  const auto estimate = [&](model::Term term) {
    auto relation = table("t");
    relation.within = {{std::move(term)}};
    return session->describe(relation, {})->row_estimate;
  };
  EXPECT_EQ(estimate(KeyRange{{"n"}, Bound{{"90"}, false}, {}}), 10);
  EXPECT_EQ(estimate(KeyRange{{"rowid"}, {}, Bound{{"0"}}}), 0);
  EXPECT_EQ(estimate(KeyRange{{"a"}, Bound{{"1"}}, {}}), std::nullopt);
}

TEST(SqliteUnits, TileHostileNames) {
  TestDatabase database;
  const Names names{"a b", "a\"b", "a'b", "select", "_rivet", "ROW_NUMBER", "line\nbreak", "--", "x;y", ""};
  for (const auto& name : names) {
    SCOPED_TRACE(name);
    const auto quoted = quote_identifier(name);
    database.execute(
        fmt::format("DROP TABLE IF EXISTS {0}; CREATE TABLE {0}(n INTEGER, {0} TEXT);"
                    "INSERT INTO {0} VALUES (1, '{1}'), (2, 'it''s'), (3, NULL), (4, '')",
                    quoted, name == "a'b" ? "a''b" : name));
    if (!name.empty()) expect_units_tile(database, table(name), Names{name});
    expect_units_tile(database, query(fmt::format("SELECT n, {} FROM {}", quoted, quoted)), Names{name});
  }
}

TEST(SqliteUnits, ClosedIntegerWindowsTileToBothEndsOfTheRange) {
  TestDatabase database;
  fill(database, "n INTEGER, a INTEGER, b", extreme_integer, text, kRows, 700);
  const auto connection = connect(database);
  const Names ends{"-9223372036854775808", "-20", "-19", "0", "5", "20", "9223372036854775806", "9223372036854775807"};
  std::vector<Predicate> units{{{NullKey{{"a"}}}}};
  units.push_back({{KeyRange{{"a"}, Bound{{ends.front()}}, Bound{{ends.front()}}}}});
  for (std::size_t i = 1; i < ends.size(); ++i) {
    const auto from = std::stoll(ends[i - 1]) + 1;
    units.push_back({{KeyRange{{"a"}, Bound{{fmt::format("{}", from)}}, Bound{{ends[i]}}}}});
  }
  EXPECT_EQ(read_units(*connection, table("t"), units), read_units(*connection, table("t"), {{}}));
}

TEST(SqliteUnits, RowNumbersTileWithTiesAndNulls) {
  TestDatabase database;
  fill(database, "n INTEGER, a TEXT COLLATE NOCASE, b", text, anything, kRows, 800);
  database.execute(
      "CREATE INDEX i ON t(a); CREATE VIEW v AS SELECT n, a, b FROM t;"
      "CREATE TABLE w(n INTEGER PRIMARY KEY, a) WITHOUT ROWID; INSERT INTO w SELECT n, a FROM t");
  const auto connection = connect(database);
  for (const auto& relation :
       {table("t"), table("v"), table("w"), query("SELECT n, a, b FROM t ORDER BY random() --")}) {
    SCOPED_TRACE(model::display_name(relation));
    const auto rows = *row_count(*connection, relation);
    EXPECT_EQ(rows, kRows);
    std::vector<Predicate> units;
    for (std::int64_t first = 1; first <= rows; first += 7) units.push_back({{RowNumbers{"a", first, first + 6}}});
    std::vector<std::size_t> sizes;
    EXPECT_EQ(read_units(*connection, relation, units, &sizes), read_units(*connection, relation, {{}}));
    EXPECT_EQ(*std::max_element(sizes.begin(), sizes.end()), 7U);
  }
}

TEST(SqliteUnits, CombineTerms) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(n INTEGER, _rivet_chunk_rn INTEGER, d DATE);"
      "INSERT INTO t VALUES (1, 9, '2024-02-28 23:59:59'), (2, 8, '2024-02-29'), (3, 7, '2024-02-29 12:00:00'), "
      "(4, 6, '2024-03-01'), (5, NULL, NULL)");
  const auto connection = connect(database);
  const auto read = [&](Predicate predicate) { return *numbers(*connection, table("t"), predicate); };
  const KeyRange day{{"d"}, Bound{{"2024-02-29"}, true}, Bound{{"2024-03-01"}, false}};
  EXPECT_THAT(read({{day}}), ElementsAre(2, 3));
  EXPECT_THAT(read({{day, KeyRange{{"n"}, Bound{{"2"}, false}, {}}}}), ElementsAre(3));
  EXPECT_THAT(read({{day, NullKey{{"n", "d"}}}}), IsEmpty());
  EXPECT_THAT(read({{NullKey{{"n", "d"}}}}), ElementsAre(5));
  EXPECT_THAT(read({{RowNumbers{"_rivet_chunk_rn", 1, 3}, KeyRange{{"ROWID"}, {}, Bound{{"4"}, false}}}}),
              ElementsAre(3));
  EXPECT_THAT(read({{KeyRange{{"d"}, {}, {}}}}), ElementsAre(1, 2, 3, 4));
}

/// The kind and message of the failure that reading `predicate` of t(n, a) gives.
std::pair<ErrorKind, std::string> refusal(const Predicate& predicate) {
  TestDatabase database;
  database.execute("CREATE TABLE t(n INTEGER, a TEXT); INSERT INTO t VALUES (1, 'nope')");
  const auto rows = numbers(*connect(database), table("t"), predicate);
  if (rows) return {ErrorKind::internal, "read"};
  return {rows.error().kind, rows.error().message};
}

TEST(SqliteUnits, RefuseWhatTheyCannotSay) {
  EXPECT_EQ(refusal({{PageRange{0, 5}}}).first, ErrorKind::config);
  EXPECT_EQ(refusal({{NullKey{{"nope"}}}}), (std::pair(ErrorKind::permanent, std::string("no such column: nope"))));
  EXPECT_EQ(refusal({{RowNumbers{"nope", 1, 2}}}).first, ErrorKind::permanent);
  EXPECT_EQ(refusal({{KeyRange{{"oid"}, {}, {}}}}).first, ErrorKind::permanent);
  EXPECT_EQ(refusal({{KeyRange{{"a"}, Bound{{"'x' OR 1"}}, {}}}}).first, ErrorKind::data);
  EXPECT_EQ(refusal({{KeyRange{{"a"}, Bound{{"1", "2"}}, {}}}}).first, ErrorKind::data);
  EXPECT_EQ(refusal({{KeyRange{{}, {}, {}}}}).first, ErrorKind::data);
  EXPECT_EQ(refusal({{NullKey{{}}}}).first, ErrorKind::data);
  EXPECT_EQ(refusal({{model::VersionRange{1, 2}}}).first, ErrorKind::config);
  EXPECT_EQ(refusal({{KeyRange{{"n", "a"}, Bound{{"1", "2"}}, {}, true}}}).first, ErrorKind::data);
  EXPECT_EQ(refusal({{RowNumbers{"a", 1, 2}, RowNumbers{"a", 2, 3}}}).first, ErrorKind::data);
}

TEST(SqliteUnits, ArriveAsBatchesWithoutTheHelperColumns) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(a TEXT, b INTEGER); INSERT INTO t VALUES ('x', 1), ('y', 2), (NULL, 3), ('z', 'no')");
  const auto session = open_session(database.file());
  for (const auto& relation : {table("t"), query("SELECT a, b FROM t")}) {
    const auto inventory = (*session)->describe(table("t"), {});
    auto columns = inventory->columns;
    const auto read = [&](Predicate predicate) -> Result<Rows> {
      const auto stream =
          TRY((*session)->read({.relation = relation, .columns = columns, .predicate = std::move(predicate)}));
      return drain(*stream, columns);
    };
    EXPECT_EQ(*read({{KeyRange{{"a"}, Bound{{"'x'"}, false}, Bound{{"'y'"}, true}}}}), (Rows{{"y", "2"}}));
    EXPECT_EQ(*read({{NullKey{{"a"}}}}), (Rows{{"<null>", "3"}}));
    EXPECT_EQ(*read({{RowNumbers{"a", 2, 3}}}), (Rows{{"x", "1"}, {"y", "2"}}));
    const auto bad = read({{RowNumbers{"a", 4, 4}}});
    ASSERT_FALSE(bad);
    EXPECT_THAT(bad.error().message, HasSubstr(relation.is_table() ? "row rowid 4:" : "row number 1 of the result:"));
  }
}

}  // namespace
}  // namespace rivet::source::sqlite
