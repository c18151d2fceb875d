// SPDX-License-Identifier: Apache-2.0
// The ends of keys, and cuts that cost one walk along an index.
#include "source/sqlite/key_probe.hpp"

#include "source/sqlite/predicate.hpp"
#include "source/sqlite/test_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::source::sqlite {
namespace {

using model::KeyValues;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using Names = std::vector<std::string>;

/// `first .. last`, with `+ null` when there is one.
std::string extent(const TestDatabase& database, const model::Relation& relation, const Names& columns) {
  const auto session = open_session(database.file());
  const auto found = (*session)->key_extent(relation, columns);
  if (!found) return found.error().message;
  const auto text = [](const std::optional<KeyValues>& key) {
    if (!key) return std::string("none");
    std::string out;
    for (const auto& value : *key) out += (out.empty() ? "" : ",") + value;
    return out;
  };
  return text(found->first) + " .. " + text(found->last) + (found->has_null ? " + null" : "");
}

Result<std::vector<KeyValues>> cuts(const TestDatabase& database, const model::Relation& relation, const Names& columns,
                                    int parts) {
  const auto session = TRY(open_session(database.file()));
  return session->split_points(relation, columns, parts);
}

/// The steps by which SQLite runs `sql`.
std::string plan_of(const TestDatabase& database, const std::string& sql) {
  const auto connection = Connection::open(database.file(), {}, {});
  const auto statement = (*connection)->prepare("EXPLAIN QUERY PLAN " + sql);
  if (!statement) return statement.error().message;
  std::string out;
  while (*(*connection)->step(statement->get())) out += text_at(statement->get(), 3) + "\n";
  return out;
}

constexpr const char* kThousand =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000) INSERT INTO t SELECT ";

TEST(SqliteKeyExtent, FindsBothEndsAndNulls) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b REAL, c); CREATE TABLE none(a);"
      "CREATE TABLE nulls(a); INSERT INTO nulls VALUES (NULL);"
      "INSERT INTO t VALUES (-5, 'it''s', 1.5, x'00'), (7, '2024-02-29', NULL, 3), (9, '', 9e999, 'x')");
  EXPECT_EQ(extent(database, table("t"), {"id"}), "-5 .. 9");
  EXPECT_EQ(extent(database, table("t"), {"rowid"}), "-5 .. 9");
  EXPECT_EQ(extent(database, table("t"), {"A"}), "'' .. 'it''s'");
  EXPECT_EQ(extent(database, table("t"), {"b"}), "1.5 .. 9e999 + null");
  EXPECT_EQ(extent(database, table("t"), {"c"}), "3 .. X'00'");
  EXPECT_EQ(extent(database, table("t"), {"b", "a"}), "1.5,'it''s' .. 9e999,'' + null");
  EXPECT_EQ(extent(database, query("SELECT id + 1 AS k FROM t -- comment"), {"k"}), "-4 .. 10");
  EXPECT_EQ(extent(database, table("none"), {"a"}), "none .. none");
  EXPECT_EQ(extent(database, table("nulls"), {"a"}), "none .. none + null");
  EXPECT_EQ(extent(database, table("nulls"), {"nope"}), "no such column: nope");
  EXPECT_EQ(extent(database, table("nope"), {"a"}), "no such table: nope");
}

TEST(SqliteSplitPoints, AreEvenAndDistinctUnderTheColumnsCollation) {
  TestDatabase database;
  database.execute("CREATE TABLE t(k TEXT COLLATE NOCASE)");
  database.execute(std::string(kThousand) +
                   "CASE x % 4 WHEN 0 THEN 'a' WHEN 1 THEN 'A' WHEN 2 THEN 'b' ELSE 'C' END FROM c");
  for (const auto* index : {"", "CREATE INDEX i ON t(k)"}) {
    database.execute(index);
    const auto points = cuts(database, table("t"), {"k"}, 100);
    ASSERT_TRUE(points) << points.error().to_string();
    ASSERT_THAT(*points, SizeIs(2));
    EXPECT_THAT((*points)[0], testing::AnyOf(ElementsAre("'a'"), ElementsAre("'A'")));
    EXPECT_THAT((*points)[1], ElementsAre("'b'"));
  }
  database.execute("DELETE FROM t");
  database.execute(std::string(kThousand) + "printf('%04d', x) FROM c");
  EXPECT_THAT(*cuts(database, table("t"), {"k"}, 4),
              ElementsAre(KeyValues{"'0250'"}, KeyValues{"'0500'"}, KeyValues{"'0750'"}));
  EXPECT_THAT(*cuts(database, table("t"), {"rowid", "k"}, 1), IsEmpty());
  EXPECT_THAT(cuts(database, table("t"), {"nope"}, 1).error().message, HasSubstr("no such column: nope"));
}

TEST(SqliteSplitPoints, FollowTheRowsOfSparseRowids) {
  TestDatabase database;
  database.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)");
  database.execute(std::string(kThousand) + "CASE WHEN x = 1000 THEN 9223372036854775807 ELSE x END FROM c");
  database.execute("ANALYZE");
  EXPECT_THAT(*cuts(database, table("t"), {"id"}, 2), ElementsAre(KeyValues{"500"}));
}

TEST(SqliteSplitPoints, CutDenseRowidsByArithmeticOnceAnalyzed) {
  TestDatabase database;
  database.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)");
  database.execute(std::string(kThousand) + "x * 6 / 5 + 9223372036854774607, 'v' FROM c");
  database.execute("ANALYZE");
  const auto halves = cuts(database, table("t"), {"rowid"}, 2);
  EXPECT_THAT(*halves, ElementsAre(KeyValues{"9223372036854775207"}));
  database.execute("DELETE FROM t WHERE id NOT IN (SELECT max(id) FROM t)");
  EXPECT_THAT(*cuts(database, table("t"), {"id"}, 2), IsEmpty()) << "statistics may be old";
}

TEST(SqliteSplitPoints, WalkAnIndexWithoutSorting) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, b INTEGER, wide TEXT);"
      "CREATE INDEX one ON t(a); CREATE UNIQUE INDEX two ON t(b, a);"
      "CREATE TABLE w(a TEXT, b INTEGER, wide TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID; CREATE VIEW v AS SELECT * FROM "
      "t");
  const auto connection = Connection::open(database.file(), {}, {});
  const std::vector<std::pair<model::Relation, Names>> cases{
      {table("t"), {"id"}},     {table("t"), {"rowid"}},
      {table("t"), {"a"}},      {table("w"), {"a"}},
      {table("t"), {"b", "a"}}, {table("w"), {"a", "b"}},
      {table("v"), {"a"}},      {query("SELECT a, b FROM t WHERE wide > '' --"), {"b", "a"}}};
  for (const auto& [relation, columns] : cases) {
    const auto shape = read_shape(**connection, relation);
    ASSERT_TRUE(shape) << shape.error().to_string();
    for (const bool either : {false, true}) {
      EXPECT_THAT(plan_of(database, walk_statement(*shape, relation, columns, either)->text),
                  Not(HasSubstr("TEMP B-TREE")));
      EXPECT_THAT(plan_of(database, end_statement(*shape, relation, columns, either)->text),
                  Not(HasSubstr("TEMP B-TREE")));
    }
  }
  const auto shape = read_shape(**connection, table("t"));
  EXPECT_THAT(plan_of(database, walk_statement(*shape, table("t"), Names{"a"}, false)->text),
              HasSubstr("COVERING INDEX one"));
  EXPECT_THAT(plan_of(database, end_statement(*shape, table("t"), Names{"a"}, false)->text),
              HasSubstr("SEARCH _rivet USING COVERING INDEX"));
  EXPECT_THAT(plan_of(database, walk_statement(*shape, table("t"), Names{"wide"}, false)->text),
              HasSubstr("TEMP B-TREE"));
}

TEST(SqliteUnits, AreFoundByIndex) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b INTEGER); CREATE INDEX i ON t(a, b);"
      "CREATE VIEW v AS SELECT a, b FROM t");
  const auto connection = Connection::open(database.file(), {}, {});
  const model::KeyRange range{{"a", "b"}, model::Bound{{"'x'", "1"}, false}, model::Bound{{"'y'", "2"}, true}};
  for (const auto& relation : {table("t"), table("v"), query("SELECT a, b, id FROM t -- all")}) {
    const auto shape = read_shape(**connection, relation);
    const auto sql = select_rows(*shape, relation, {{range}}, false);
    EXPECT_THAT(plan_of(database, sql->text), HasSubstr("((a,b)>(?,?) AND (a,b)<(?,?))"));
  }
  const auto shape = read_shape(**connection, table("t"));
  const auto rowids = select_rows(*shape, table("t"), {{model::KeyRange{{"rowid"}, model::Bound{{"1"}}, {}}}}, false);
  EXPECT_THAT(plan_of(database, rowids->text), HasSubstr("USING INTEGER PRIMARY KEY (rowid>?)"));
}

TEST(SqliteRowCount, CountsTablesViewsAndQueries) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t(a); INSERT INTO t VALUES (1), (NULL), (1); CREATE VIEW v AS SELECT DISTINCT a FROM t");
  const auto session = open_session(database.file());
  EXPECT_EQ((*session)->row_count(table("t")), 3);
  EXPECT_EQ((*session)->row_count(table("v")), 2);
  EXPECT_EQ((*session)->row_count(query("SELECT a FROM t WHERE 0;")), 0);
  EXPECT_EQ((*session)->page_count(table("t")).error().kind, ErrorKind::config);
}

}  // namespace
}  // namespace rivet::source::sqlite
