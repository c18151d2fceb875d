// SPDX-License-Identifier: Apache-2.0
// Sessions against a real server, which tests/e2e/test_postgres_sessions.py starts and names in RIVET_TEST_POSTGRES
// (`host port user database`); without it these tests are skipped.
#include "source/postgres/session.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <sstream>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/ranges.hpp"
#include "source/postgres/copy_stream.hpp"
#include "source/postgres/result_cells.hpp"
#include "source/postgres/source.hpp"

namespace rivet::source::postgres {
namespace {

using model::Bound;
using model::KeyColumns;
using model::KeyRange;
using model::NullKey;
using model::PageRange;
using model::Predicate;
using model::Relation;
using model::RowNumbers;
using model::VersionRange;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Numbers = std::vector<std::int64_t>;
using Names = std::vector<std::string>;
constexpr std::chrono::seconds kLimit{30};

config::Source server_under_test() {
  config::Source source;
  std::istringstream words(std::getenv("RIVET_TEST_POSTGRES"));
  words >> source.host >> source.port >> source.user >> source.database;
  return source;
}

/// (-inf, b1], (b1, b2], ..., (bn, +inf), and the rows with NULL.
std::vector<Predicate> units_between(const KeyColumns& key, const std::vector<model::KeyValues>& points) {
  std::vector<Predicate> units;
  for (auto& range : model::ranges_between(key, {}, points, {})) units.push_back({{std::move(range)}});
  units.push_back({{NullKey{key.columns, key.coalesced}}});
  return units;
}

class PostgresSession : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("RIVET_TEST_POSTGRES") == nullptr) GTEST_SKIP() << "RIVET_TEST_POSTGRES names no server";
    source_ = std::move(*make_postgres_source(server_under_test()));
    session_ = open();
    execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  }

  std::unique_ptr<Session> open() {
    auto session = source_->open({}, {});
    EXPECT_TRUE(session) << session.error().to_string();
    return std::move(*session);
  }

  static std::unique_ptr<Connection> connect(const std::string& application = "tests") {
    const auto server = server_under_test();
    return std::move(*Connection::open({{"host", server.host},
                                        {"port", std::to_string(server.port)},
                                        {"user", server.user},
                                        {"dbname", server.database},
                                        {"application_name", application}},
                                       kLimit, {}));
  }

  /// Statements of one string run in one transaction, unless they say otherwise.
  void execute(const std::string& sql) { run(*writer_, sql); }
  static void run(Connection& connection, const std::string& sql) {
    const auto done = connection.execute(sql, kLimit);
    EXPECT_TRUE(done) << done.error().to_string() << " in " << sql;
  }

  /// The column `n` of the rows for which `predicate` holds, sorted.
  Result<Numbers> numbers(const Relation& relation, const Predicate& predicate = {}) {
    const auto columns = TRY(session_->describe(relation, {})).columns;
    const auto stream =
        TRY(session_->read({.relation = relation, .columns = columns, .predicate = predicate, .limits = {}}));
    Numbers out;
    while (const auto batch = TRY(stream->next())) {
      const auto& array = static_cast<const arrow::Int64Array&>(*(*batch)->GetColumnByName("n"));
      for (std::int64_t i = 0; i < array.length(); ++i) out.push_back(array.Value(i));
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  /// All rows of all units, sorted.
  Numbers read_units(const Relation& relation, const std::vector<Predicate>& units) {
    Numbers out;
    for (const auto& unit : units) {
      const auto rows = numbers(relation, unit);
      EXPECT_TRUE(rows) << rows.error().to_string();
      if (rows) out.insert(out.end(), rows->begin(), rows->end());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  /// Cuts into several numbers of parts, and asks for every row once.
  void expect_tiles(const Relation& relation, const KeyColumns& key) {
    const auto all = *numbers(relation);
    EXPECT_TRUE(session_->key_extent(relation, key)->has_null);
    for (const int parts : {2, 15}) {
      const auto points = session_->split_points(relation, key, parts);
      ASSERT_TRUE(points) << points.error().to_string();
      EXPECT_LT(points->size(), static_cast<std::size_t>(parts));
      EXPECT_GE(points->size(), static_cast<std::size_t>(parts) / 2);
      EXPECT_EQ(read_units(relation, units_between(key, *points)), all);
    }
  }

  /// The plan of the statement that reads these rows.
  std::string plan_of(const ReadRequest& request) {
    const auto transaction = connect();
    run(*transaction, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    auto description = describe_for_read(*transaction, request, kLimit);
    const auto snapshot = transaction->execute("SELECT pg_current_snapshot()", kLimit);
    auto statement =
        *copy_statement(transaction->quoting(), {.request = request,
                                                 .description = std::move(*description),
                                                 .instant = {.at = {}, .snapshot = cell(*snapshot, 0, 0)}});
    statement = statement.substr(6, statement.rfind(") TO STDOUT") - 6);
    const auto explained = transaction->execute("EXPLAIN (COSTS OFF) " + statement, kLimit);
    std::string out;
    for (int i = 0; i < PQntuples(explained->get()); ++i) out += cell(*explained, i, 0) + "\n";
    return out;
  }

  static Relation table(std::string name, Predicate within = {}) {
    return {.table = std::move(name), .within = std::move(within)};
  }
  static Relation query(std::string sql, Predicate within = {}) {
    return {.query = std::move(sql), .within = std::move(within)};
  }

  std::unique_ptr<Source> source_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Connection> writer_ =
      std::getenv("RIVET_TEST_POSTGRES") == nullptr ? std::unique_ptr<Connection>() : connect();
};

constexpr const char* kFill =
    "CREATE TABLE t (n bigint PRIMARY KEY, a timestamp, b bigint) WITH (autovacuum_enabled = off);"
    "CREATE INDEX ON t (a);"
    "INSERT INTO t SELECT g, timestamp '2024-01-01' + (g || ' min')::interval, nullif(g % 7, 0) "
    "FROM generate_series(1, 10000) g";

TEST_F(PostgresSession, SeesOnlyTheRowsWithinTheBoundsOfTheRelation) {
  execute(kFill);
  execute(
      "CREATE VIEW v AS SELECT * FROM t; CREATE TABLE p (LIKE t) PARTITION BY RANGE (n);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (MINVALUE) TO (5000);"
      "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (5000) TO (MAXVALUE); INSERT INTO p SELECT * FROM t");
  const KeyRange late{{"a"}, Bound{{"2024-01-07 22:30:00"}, false}, {}};  // n > 9990
  for (const auto& relation : {table("t", {{late}}), table("v", {{late}}), table("p", {{late}}),
                               query("SELECT * FROM t ORDER BY b -- all", {{late}})}) {
    SCOPED_TRACE(model::display_name(relation));
    EXPECT_EQ(*session_->row_count(relation), 10);
    EXPECT_EQ(numbers(relation)->front(), 9991);
    EXPECT_THAT(*numbers(relation, {{NullKey{{"b"}}}}), ElementsAre(9996));
    EXPECT_THAT(*numbers(relation, {{RowNumbers{"n", 3, 4}}}), ElementsAre(9993, 9994));
    const auto extent = session_->key_extent(relation, Names{"n"});
    EXPECT_THAT(*extent->first, ElementsAre("9991"));
    EXPECT_FALSE(session_->key_extent(relation, Names{"a"})->has_null);
    EXPECT_TRUE(session_->key_extent(relation, Names{"b"})->has_null);
    for (const auto& key : {KeyColumns({"n"}), KeyColumns({"a"}), KeyColumns({"b", "n"})}) {
      const auto points = session_->split_points(relation, key, 3);
      ASSERT_TRUE(points) << points.error().to_string();
      EXPECT_GE(points->size(), 1U);
      EXPECT_EQ(read_units(relation, units_between(key, *points)), *numbers(relation));
    }
  }
  EXPECT_THAT(*numbers(table("t", {{late}}), {{PageRange{0, 1}}}), IsEmpty());
  EXPECT_EQ(numbers(table("t", {{late}}), {{PageRange{1, {}}}})->size(), 10U);
}

TEST_F(PostgresSession, EstimatesTheRowsWithinTheBounds) {
  execute(kFill);
  execute("ANALYZE t");
  const KeyRange late{{"a"}, Bound{{"2024-01-07 21:00:00"}, false}, {}};  // the last 100
  const auto estimate = session_->describe(table("t", {{late}}), {})->row_estimate;
  EXPECT_GT(*estimate, 20);
  EXPECT_LT(*estimate, 500);
  EXPECT_EQ(session_->describe(table("t"), {})->row_estimate, 10'000);
}

TEST_F(PostgresSession, DoesNotTakeTheHistogramOfTheWholeTableForItsBounds) {
  execute(kFill);
  execute("ANALYZE t");
  const KeyRange late{{"a"}, Bound{{"2024-01-07 05:20:00"}, false}, {}};  // n > 8960
  const KeyRange on_key{{"n"}, Bound{{"8960"}, false}, {}};
  for (const auto& within : {late, on_key}) {
    const auto points = session_->split_points(table("t", {{within}}), Names{"n"}, 2);
    ASSERT_EQ(points->size(), 1U);
    EXPECT_NEAR(std::stod(points->front().front()), 9480, 80);
  }
}

struct Coalesced {
  const char *a, *b;  ///< declarations
  const char* value;  ///< of either, from the random integer g
};

constexpr std::array<Coalesced, 8> kCoalesced{{
    {"bigint", "bigint", "g"},
    {"integer", "bigint", "g % 1000"},
    {"smallint", "numeric", "g % 100"},
    {"text", "varchar(20)", "chr(65 + abs(g % 50)::int) || g"},
    {"text COLLATE \"C\"", "text COLLATE \"C\"", "chr(65 + abs(g % 50)::int) || g"},
    {"timestamp", "timestamp", "timestamp '2024-02-29' + (g || ' s')::interval"},
    {"date", "timestamp", "timestamp '2024-02-29' + (g || ' s')::interval"},
    {"timestamp", "timestamptz", "timestamptz '2024-03-31 00:30:00+00' + (g || ' s')::interval"},
}};

TEST_F(PostgresSession, TilesCoalescedKeys) {
  for (const auto& [a, b, value] : kCoalesced) {
    SCOPED_TRACE(fmt::format("{}, {}", a, b));
    execute(
        fmt::format("DROP TABLE IF EXISTS t; CREATE TABLE t (n bigint, a {}, b {}); SELECT setseed(0.5);"
                    "INSERT INTO t SELECT n, CASE WHEN n % 3 > 0 THEN {} END, CASE WHEN n % 4 > 0 THEN {} END "
                    "FROM (SELECT n, ((random() - 0.5) * 1e6)::int AS g FROM generate_series(1, 2000) n) s",
                    a, b, value, value));
    expect_tiles(table("t"), KeyColumns({"a", "b"}, true));
    expect_tiles(query("SELECT * FROM t"), KeyColumns({"b", "a"}, true));
    expect_tiles(table("t"), KeyColumns({"a"}, true));
    if (std::string_view(a) != b) continue;
    execute("CREATE INDEX ON t (coalesce(a, b)); ANALYZE t");
    expect_tiles(table("t"), KeyColumns({"a", "b"}, true));
  }
}

TEST_F(PostgresSession, LeavesTypesThatCannotBeCoalescedToTheServer) {
  execute("CREATE TABLE t (n bigint, a text)");
  const auto extent = session_->key_extent(table("t"), KeyColumns({"n", "a"}, true));
  ASSERT_FALSE(extent);
  EXPECT_EQ(extent.error().kind, ErrorKind::permanent);
  EXPECT_THAT(extent.error().message, HasSubstr("COALESCE types bigint and text cannot be matched"));
  execute("ALTER TABLE t ADD b bigint NOT NULL DEFAULT 1");
  EXPECT_FALSE(session_->key_extent(table("t"), KeyColumns({"n", "b"}, true))->has_null);
}

TEST_F(PostgresSession, WalksAnIndexOnACoalescedKey) {
  execute(
      "CREATE TABLE t (n bigint, \"A b\" timestamp, c timestamp); CREATE INDEX ON t (coalesce(\"A b\", c));"
      "INSERT INTO t SELECT g, NULL, timestamp '2024-01-01' + (g || ' s')::interval FROM generate_series(1, 50000) g");
  execute("ANALYZE t");
  const KeyRange range{{"A b", "c"}, Bound{{"2024-01-01 13:50:00"}, false}, {}, true};
  EXPECT_THAT(plan_of({.relation = table("t"),
                       .columns = session_->describe(table("t"), {})->columns,
                       .predicate = {{range}},
                       .limits = {}}),
              HasSubstr("Index Scan"));
  EXPECT_NEAR(static_cast<double>(*session_->describe(table("t", {{range}}), {})->row_estimate), 200, 150);
}

TEST_F(PostgresSession, ReadsADeltaByTheIndexOfTheCursor) {
  execute(kFill);
  execute("CREATE VIEW v AS SELECT * FROM t; ANALYZE t");
  const KeyRange late{{"a"}, Bound{{"2024-01-07 21:00:00"}, false}, {}};
  const VersionRange young{.from = 0, .below = session_->horizon()->settled};
  for (const auto& within : {Predicate{}, Predicate{{late}}}) {
    for (const auto& relation : {table("t", within), table("v", within), query("SELECT * FROM t -- all", within)}) {
      const auto columns = session_->describe(relation, {})->columns;
      EXPECT_THAT(plan_of({.relation = relation, .columns = columns, .predicate = {{late}}, .limits = {}}),
                  HasSubstr("t_a_idx"));
      if (relation.table != "t") continue;
      const auto plan = plan_of({.relation = relation, .columns = columns, .predicate = {{late, young}}, .limits = {}});
      EXPECT_THAT(plan, HasSubstr("t_a_idx"));
      EXPECT_THAT(plan, HasSubstr("age(xmin)"));
      EXPECT_THAT(plan, Not(HasSubstr("Seq Scan")));
    }
  }
}

TEST_F(PostgresSession, SelectsRowsByTheTransactionThatMadeThem) {
  execute("CREATE TABLE t (n bigint PRIMARY KEY, v text); INSERT INTO t VALUES (1), (2), (3)");
  const auto first = session_->horizon()->settled;
  execute("BEGIN; INSERT INTO t VALUES (4); SAVEPOINT s; INSERT INTO t VALUES (5); RELEASE s; COMMIT");
  execute("UPDATE t SET v = 'x' WHERE n = 2");
  const auto second = session_->horizon()->settled;
  execute(
      "DO $$ BEGIN INSERT INTO t VALUES (6); BEGIN INSERT INTO t VALUES (1); "
      "EXCEPTION WHEN unique_violation THEN INSERT INTO t VALUES (7); END; END $$");
  const auto read = [&](std::int64_t from, std::int64_t below) {
    return *numbers(table("t"), {{VersionRange{from, below}}});
  };
  EXPECT_THAT(read(0, first), ElementsAre(1, 3));
  EXPECT_THAT(read(first, second), ElementsAre(2, 4, 5));
  EXPECT_THAT(read(second, std::numeric_limits<std::int64_t>::max()), ElementsAre(6, 7));
  EXPECT_THAT(read(second, session_->horizon()->next), ElementsAre(6, 7));
  EXPECT_THAT(read(0, second), ElementsAre(1, 2, 3, 4, 5));
  execute("VACUUM (FREEZE, FULL) t");
  EXPECT_THAT(read(first, second), ElementsAre(2, 4, 5)) << "frozen rows keep their number";
  const KeyRange high{{"n"}, Bound{{"4"}, false}, {}};
  EXPECT_THAT(*numbers(table("t"), {{high, VersionRange{first, second}, PageRange{0, {}}}}), ElementsAre(5));
  EXPECT_THAT(*numbers(table("t", {{NullKey{{"v"}}}}), {{VersionRange{first, second}}}), ElementsAre(4, 5));
}

TEST_F(PostgresSession, SaysWhichRelationsHaveRowVersions) {
  execute(
      "CREATE TABLE t (n bigint); CREATE MATERIALIZED VIEW m AS SELECT 1::bigint AS n; CREATE VIEW v AS SELECT * FROM "
      "t;"
      "CREATE TABLE p (n bigint) PARTITION BY RANGE (n); CREATE TABLE p1 PARTITION OF p DEFAULT;"
      "CREATE TABLE child () INHERITS (t); INSERT INTO child VALUES (5); INSERT INTO p VALUES (6);"
      "CREATE EXTENSION file_fdw; CREATE SERVER s FOREIGN DATA WRAPPER file_fdw;"
      "CREATE FOREIGN TABLE f (n bigint) SERVER s OPTIONS (filename '/dev/null')");
  const VersionRange all{0, session_->horizon()->next};
  for (const auto* name : {"t", "m", "p"}) {
    EXPECT_TRUE(session_->describe(table(name), {})->row_versions) << name;
    EXPECT_EQ(numbers(table(name), {{all}})->size(), 1U) << name;
  }
  for (const auto& relation : {table("v"), table("f"), query("SELECT * FROM t")}) {
    EXPECT_FALSE(session_->describe(relation, {})->row_versions) << model::display_name(relation);
    EXPECT_EQ(numbers(relation, {{all}}).error().kind, ErrorKind::config) << model::display_name(relation);
  }
  execute("CREATE FOREIGN TABLE f1 () INHERITS (t) SERVER s OPTIONS (filename '/dev/null')");
  EXPECT_FALSE(session_->describe(table("t"), {})->row_versions) << "one of its children has none";
  execute("DROP EXTENSION file_fdw CASCADE");
}

TEST_F(PostgresSession, NamesWhoHoldsTheHorizonBack) {
  execute("CREATE TABLE t (n bigint)");
  const auto before = *session_->horizon();
  EXPECT_EQ(before.settled, before.next);
  EXPECT_EQ(before.held_by, "");
  {
    const auto slow = connect("slow writer");
    run(*slow, "BEGIN; SAVEPOINT a; INSERT INTO t VALUES (1); SAVEPOINT b; INSERT INTO t VALUES (2)");
    execute("INSERT INTO t VALUES (3)");
    const auto held = *session_->horizon();
    EXPECT_EQ(held.settled, before.next);
    EXPECT_GT(held.next, held.settled);
    EXPECT_THAT(held.held_by, HasSubstr("application slow writer, in its transaction since 2"));
    EXPECT_EQ(held.source_id, before.source_id);
    EXPECT_THAT(*numbers(table("t"), {{VersionRange{0, held.settled}}}), IsEmpty());
    run(*slow, "PREPARE TRANSACTION 'two phase'");
    const auto prepared = *session_->horizon();
    EXPECT_EQ(prepared.settled, before.next);
    EXPECT_THAT(prepared.held_by, HasSubstr("prepared transaction 'two phase' (user "));
    run(*slow, "COMMIT PREPARED 'two phase'");
  }
  const auto after = *session_->horizon();
  EXPECT_EQ(after.settled, after.next);
  EXPECT_EQ(numbers(table("t"), {{VersionRange{before.next, after.settled}}})->size(), 3U);
}

TEST_F(PostgresSession, KeepsTheHorizonOfASharedSnapshot) {
  execute("CREATE TABLE t (n bigint); INSERT INTO t VALUES (1)");
  const auto name = session_->share_snapshot();
  ASSERT_TRUE(name);
  const auto frozen = *session_->horizon();
  execute("INSERT INTO t VALUES (2)");
  EXPECT_EQ(session_->horizon()->next, frozen.next);
  auto other = source_->open({.snapshot = *name}, {});
  EXPECT_EQ((*other)->horizon()->next, frozen.next);
  EXPECT_GT(open()->horizon()->next, frozen.next);
  EXPECT_THAT(*numbers(table("t"), {{VersionRange{1, frozen.next}}}), ElementsAre(1));
}

}  // namespace
}  // namespace rivet::source::postgres
