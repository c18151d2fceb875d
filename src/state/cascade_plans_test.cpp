// SPDX-License-Identifier: Apache-2.0
// Acceptance (j): with 10^6 rows, what is asked all the time finds its rows by partial indexes. Needs the server.
#include "state/cascade_fixture.hpp"
#include "state/sql/cascade_statements.hpp"
#include "state/sql/rows.hpp"
#include "state/sql/transact.hpp"

namespace rivet::cascade {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace statements = state::sql::cascade_sql;

class CascadePlans : public CascadeTest {
 protected:
  void SetUp() override {
    if (!state::has_server()) GTEST_SKIP() << "RIVET_TEST_POSTGRES names no server";
    submit({root("first")});
    // Without a look at foreign keys, which is what takes time.
    ask("SET session_replication_role = replica; "
        "INSERT INTO node (run_id, name, kind, namespace, tags, phase, outcome, owner, lease_until, attempt_until, "
        "max_attempts, "
        "updated_at) SELECT 'r1', 'n' || i, 'export', 'ns' || i % 10, '{}', p, CASE WHEN p = 'terminal' THEN 'success' "
        "END, "
        "CASE WHEN p = 'active' THEN 'w' END, CASE WHEN p = 'active' THEN 9000000000000000 + i END, CASE WHEN p = "
        "'active' THEN "
        "9000000000000000 + i END, 5, 0 FROM (SELECT i, CASE WHEN i % 100 = 0 THEN 'runnable' WHEN i % 1000 = 1 THEN "
        "'active' "
        "ELSE 'terminal' END AS p FROM generate_series(1, 1000000) i) AS x; "
        "INSERT INTO outbox (node_id, round, outcome, namespace, tags, committed_at, dispatched_at) SELECT i, 0, "
        "'success', "
        "'ns' || i % 10, '{}', 0, CASE WHEN i % 500 <> 0 THEN 1 END FROM generate_series(1, 1000000) i; SELECT 1");
    db_ = open_connection();
  }
  /// These rows are none that a cascade would have.
  void TearDown() override {}

  template <class... Values>
  std::string plan_of(const state::sql::Query& query, const Values&... values) {
    const auto text = "EXPLAIN " + std::string(query.text);
    return value_of(state::sql::read_transaction(*db_, [&]() -> Result<std::string> {
      std::string out;
      for (const auto& line :
           TRY(state::sql::read_all(db_->start({"explain", text}, values...), state::sql::read_text))) {
        out += line + "\n";
      }
      return out;
    }));
  }

  /// Finds rows of a large table by an index only.
  static auto uses(const char* index, const char* table) {
    return ::testing::AllOf(HasSubstr(index), Not(HasSubstr(std::string("Seq Scan on ") + table)));
  }

  void expect_plans() {
    using namespace statements;
    EXPECT_THAT(plan_of(kSelectPending, "", "{}", 0, 256), uses("outbox_pending", "outbox"));
    EXPECT_THAT(plan_of(kSelectPending, "ns3", "{\"a\":\"b\"}", 1'000'000, 256), uses("outbox_pending", "outbox"));
    EXPECT_THAT(plan_of(kSelectRunnable, "", "{}", state::sql::Numbers{}, 8),
                AnyOf(uses("node_next", "node"), uses("node_ready", "node")));
    EXPECT_THAT(plan_of(kSelectRunnable, "ns3", "{\"a\":\"b\"}", state::sql::Numbers{{1}}, 8),
                AnyOf(uses("node_next", "node"), uses("node_ready", "node")));
    EXPECT_THAT(plan_of(kSelectLapsed, 500), uses("node_lease", "node"));
    EXPECT_THAT(plan_of(kSelectOvertime, 500), uses("node_attempt_end", "node"));
    EXPECT_THAT(plan_of(kSelectOverdue, 0, 500), uses("node_cancel", "node"));
    EXPECT_THAT(plan_of(kDue, "", "{}", 0),
                ::testing::AllOf(uses("outbox_pending", "outbox"), uses("node_lease", "node")));
    const state::sql::Numbers some{{11, 502, 90'000}};
    for (const auto& close : {kCloseEvents, kCloseEventsOf}) {
      EXPECT_THAT(plan_of(close, some),
                  ::testing::AllOf(uses("dep_edge_open", "dep_edge"), Not(HasSubstr("Seq Scan"))));
    }
    EXPECT_THAT(plan_of(kTakeEvents, some, 5'000'000), uses("outbox_pkey", "outbox"));
    EXPECT_THAT(plan_of(kActivate, some, "w", 30'000'000), uses("node_pkey", "node"));
    EXPECT_THAT(plan_of(kFinish, 11, 1, "success", ""), uses("node_pkey", "node"));
    EXPECT_THAT(plan_of(kHeartbeat, R"({"11":1,"502":1,"90000":1})", 30'000'000),
                AnyOf(uses("node_pkey", "node"), uses("node_lease", "node")));
  }

  std::unique_ptr<state::sql::Connection> db_;
};

TEST_F(CascadePlans, FindTheirRowsByPartialIndexes) {
  expect_plans();  // as a table is that nobody has analyzed, or the server has meanwhile
  ask("ANALYZE node");
  ask("ANALYZE outbox");
  expect_plans();
}

}  // namespace
}  // namespace rivet::cascade
