// SPDX-License-Identifier: Apache-2.0
// What should never be is found, repaired and told of (acceptance (i)); what is due is done whoever died; and nobody
// starves behind the rows of others (acceptance (h)).
#include "state/cascade_fixture.hpp"
#include "state/postgres/hints.hpp"

namespace rivet::cascade {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CascadeInvariants : public CascadeTest {
 protected:
  CascadeInvariants() : reconcilers_(*cascade_, {.settled = 0ms, .grace = 0ms}) {}

  /// `invariant node message` of everything that a check finds.
  std::vector<std::string> findings(Check check, bool open_runs_only = false) {
    std::vector<std::string> out;
    const auto found = value_of(cascade_->examine(check, {.open_runs_only = open_runs_only}));
    for (const auto& one : found.findings) out.push_back(one.invariant + " " + one.node + " " + one.message);
    return out;
  }
  std::vector<std::string> alarms() {
    std::vector<std::string> out;
    for (const auto& alarm : value_of(cascade_->alarms(100))) out.push_back(alarm.reconciler + " " + alarm.message);
    return out;
  }
  std::string where(const std::string& name) const { return " WHERE node_id = " + std::to_string(id(name)); }

  Reconcilers reconcilers_;
};

TEST_F(CascadeInvariants, AHealthyCascadeShowsNothing) {
  submit({root("a"), root("b"), waiting("c", PolicyKind::all_of, {"a", "b"}), waiting("d", PolicyKind::any_of, {"c"})});
  ends("a", Outcome::success);
  ends("b", Outcome::failed);
  for (const auto one : {Reconciler::edges, Reconciler::groups, Reconciler::nodes}) {
    const auto report = reconcilers_.tick(one);
    EXPECT_EQ(report.scanned, 4) << name_of(one);
    EXPECT_EQ(report.advanced + report.alarms + report.errors + report.noop, 0) << name_of(one) << report.last_error;
  }
  EXPECT_THAT(alarms(), IsEmpty());
}

TEST_F(CascadeInvariants, WrongCountersAreCountedAgain) {
  submit({root("a"), root("b"), root("c"), waiting("d", PolicyKind::all_of, {"a", "b", "c"})});
  ends("a", Outcome::success);
  change("UPDATE dep_group SET n_success = 0, n_negative = 1" + where("d"));
  EXPECT_THAT(findings(Check::groups),
              ElementsAre("I3 d counts 0 successes and 1 others of 3, its edges say 1 and 0 of 3"));
  const auto report = reconcilers_.tick(Reconciler::groups);
  EXPECT_EQ(report.advanced, 1);
  EXPECT_EQ(report.alarms, 1);
  EXPECT_EQ(group("d").counters, (Counters{3, 1, 0}));
  EXPECT_THAT(alarms(), ElementsAre(HasSubstr("R3 repaired: 'd' counts 0 successes")));
  EXPECT_EQ(reconcilers_.tick(Reconciler::groups).advanced, 0);
  EXPECT_THAT(alarms(), SizeIs(1)) << "told once";
}

TEST_F(CascadeInvariants, WhatIsDecidedAndDoesNotKnowIsDecided) {
  submit({root("a"), root("b"), waiting("good", PolicyKind::all_of, {"a"}), waiting("bad", PolicyKind::all_of, {"b"}),
          waiting("below", PolicyKind::all_of, {"bad"})});
  ends("a", Outcome::success);
  ends("b", Outcome::failed);
  // As if the decisions had been lost, and what followed from one of them.
  change("UPDATE dep_group SET state = 'pending', decided_at = NULL" + where("good"));
  change("UPDATE node SET phase = 'blocked'" + where("good"));
  change("UPDATE node SET phase = 'blocked', outcome = NULL" + where("bad"));
  change("DELETE FROM outbox" + where("bad"));
  change("UPDATE dep_edge SET verdict = NULL, up_round = NULL WHERE down_id = " + std::to_string(id("below")));
  change("UPDATE dep_group SET state = 'pending', n_negative = 0, decided_at = NULL" + where("below"));
  change("UPDATE node SET phase = 'blocked', outcome = NULL" + where("below"));
  change("DELETE FROM outbox" + where("below"));
  EXPECT_THAT(findings(Check::groups), ElementsAre("I4 good all_of is decided, and the group does not know",
                                                   "I4 bad cannot run any more, and was not skipped"));
  EXPECT_EQ(reconcilers_.tick(Reconciler::groups).alarms, 2);
  EXPECT_EQ(phase("good"), Phase::runnable);
  EXPECT_EQ(outcome("bad"), Outcome::skipped);
  settle();
  EXPECT_EQ(outcome("below"), Outcome::skipped) << "the event of what was repaired is there";
}

TEST_F(CascadeInvariants, WhatWasNotLetGoIsLetGo) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"})});
  ends("a", Outcome::success);
  change("UPDATE node SET phase = 'blocked'" + where("b"));
  EXPECT_THAT(findings(Check::groups), ElementsAre("I4 b has what it waits for, and was not let go"));
  EXPECT_EQ(reconcilers_.tick(Reconciler::groups).alarms, 1);
  EXPECT_EQ(phase("b"), Phase::runnable);
}

TEST_F(CascadeInvariants, AnEndWithoutAnEventGetsOne) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"})});
  end("a", Outcome::success);
  change("DELETE FROM outbox");
  settle();
  EXPECT_EQ(phase("b"), Phase::blocked) << "nobody was told";
  EXPECT_THAT(findings(Check::nodes), ElementsAre("I1 a has ended without an event"));
  const auto report = reconcilers_.tick(Reconciler::nodes);
  EXPECT_EQ(report.alarms, 1);
  EXPECT_FALSE(value_of(cascade_->emit(id("a")))) << "it has one now";
  EXPECT_FALSE(value_of(cascade_->emit(id("b")))) << "it has not ended";
  settle();
  EXPECT_EQ(phase("b"), Phase::runnable);
  EXPECT_EQ(value_of(cascade_->attempts(id("a")))[0].outcome, "success") << "as it was";
}

TEST_F(CascadeInvariants, AMissingVerdictUnderAClosedEventIsGiven) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"}), waiting("c", PolicyKind::all_of, {"a"})});
  end("a", Outcome::success);
  change("UPDATE outbox SET dispatched_at = 1");  // as a dispatcher that closes first would leave it
  EXPECT_THAT(findings(Check::edges),
              ElementsAre("I5 a has ended, and 2 who wait for it do not know although its event is closed"));
  const auto report = reconcilers_.tick(Reconciler::edges);
  EXPECT_EQ(report.alarms, 1);
  EXPECT_EQ(phase("b"), Phase::runnable);
  EXPECT_EQ(phase("c"), Phase::runnable);
  EXPECT_THAT(alarms(), ElementsAre(HasSubstr("R2 repaired: 'a' has ended")));
}

TEST_F(CascadeInvariants, AMissingVerdictIsNoAlarmWhileTheEndIsYoung) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"})});
  end("a", Outcome::success);
  EXPECT_THAT(findings(Check::edges), ElementsAre("R2 a has ended, and 1 who wait for it do not know"));
  Reconcilers patient(*cascade_, {.settled = 3'600'000ms});
  EXPECT_EQ(patient.tick(Reconciler::edges).alarms, 0);
  EXPECT_EQ(phase("b"), Phase::blocked);
  settle();
}

TEST_F(CascadeInvariants, AVerdictThatIsNotTheOutcomeIsReported) {
  submit({root("a"), root("b"), waiting("c", PolicyKind::any_of, {"a", "b"})});
  ends("a", Outcome::success);
  change("UPDATE node SET outcome = 'failed'" + where("a"));
  EXPECT_THAT(findings(Check::verdicts), ElementsAre("I2 c counts 'a' otherwise than it ended"));
  change("UPDATE node SET outcome = 'success'" + where("a"));
  EXPECT_THAT(findings(Check::verdicts), IsEmpty());
}

TEST_F(CascadeInvariants, StretchesComeToAnEnd) {
  std::vector<NodeSpec> nodes;
  for (int i = 0; i < 25; ++i) nodes.push_back(root("n" + std::to_string(i)));
  submit(nodes);
  submit({root("x")}, "r2");
  ends("x", Outcome::success, "r2");
  value_of(cascade_->close_runs(10));
  Stretch stretch{.limit = 10, .open_runs_only = true};
  std::vector<std::int64_t> scanned;
  do {
    const auto found = value_of(cascade_->examine(Check::nodes, stretch));
    scanned.push_back(found.scanned);
    stretch.after = found.last;
  } while (stretch.after != 0);
  EXPECT_THAT(scanned, ElementsAre(10, 10, 5));
  EXPECT_EQ(value_of(cascade_->examine(Check::nodes, {.open_runs_only = false})).scanned, 26);
}

// -- reconcilers

TEST_F(CascadeInvariants, EachReconcilerDoesWhatIsDue) {
  submit({root("a"), root("b"), root("c"), root("lost"),
          waiting("first", PolicyKind::any_of, {"a", "b", "c"}, OnSatisfied::cancel_remaining)});
  take("b");
  end("a", Outcome::success);
  take("lost");
  lapse("lost");
  const auto due = reconcilers_.due();
  EXPECT_TRUE(due.events && due.leases && !due.attempts && !due.cancels && !due.runs);
  EXPECT_EQ(reconcilers_.tick(Reconciler::outbox).advanced, 1);
  EXPECT_EQ(reconcilers_.tick(Reconciler::outbox).scanned, 0);
  EXPECT_EQ(reconcilers_.tick(Reconciler::leases).advanced, 1);
  EXPECT_EQ(phase("lost"), Phase::runnable);
  const auto cancels = reconcilers_.tick(Reconciler::cancels);  // without grace
  EXPECT_EQ(cancels.scanned, 1);
  EXPECT_EQ(cancels.errors, 0);
  EXPECT_EQ(outcome("b"), Outcome::cancelled);
  EXPECT_EQ(outcome("c"), Outcome::cancelled);
  EXPECT_EQ(group("first").counters, (Counters{3, 1, 2})) << "what ended here is told of here";
  end("first", Outcome::success);
  end("lost", Outcome::success);
  EXPECT_EQ(reconcilers_.tick(Reconciler::outbox).advanced, 2);
  EXPECT_EQ(reconcilers_.tick(Reconciler::runs).advanced, 1);
  EXPECT_EQ(value_of(cascade_->run("r1"))->state, RunState::done);
  EXPECT_THAT(alarms(), IsEmpty());
}

TEST_F(CascadeInvariants, ASupervisorDrainsACascadeOfAnyDepth) {
  std::vector<NodeSpec> nodes{root("n0")};
  for (int i = 1; i < 40; ++i) {
    nodes.push_back(waiting("n" + std::to_string(i), PolicyKind::all_of, {"n" + std::to_string(i - 1)}));
  }
  submit(nodes);
  end("n0", Outcome::failed);
  Unhinted hints;
  std::vector<TickReport> reports;
  Supervisor supervisor(*cascade_, hints, {}, {kReconcilers.begin(), kReconcilers.end()},
                        [&](const TickReport& report) { reports.push_back(report); });
  supervisor.run_once();
  EXPECT_EQ(count("node WHERE outcome = 'skipped'"), 39);
  EXPECT_EQ(count("outbox WHERE dispatched_at IS NULL"), 0);
  EXPECT_EQ(value_of(cascade_->run("r1"))->state, RunState::failed);
  for (const auto& report : reports) EXPECT_EQ(report.errors + report.alarms, 0) << report.last_error;
}

TEST_F(CascadeInvariants, ASupervisorThatRunsHearsWhatHappens) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"})});
  const auto mine = open_cascade();
  const auto hints = state::has_server() ? state::postgres::listen_for_hints(schema_.address())
                                         : std::unique_ptr<Hints>(std::make_unique<Unhinted>());
  Supervisor supervisor(*mine, *hints, {}, {kReconcilers.begin(), kReconcilers.end()}, nullptr);
  std::jthread running([&](const std::stop_token& stop) { supervisor.run(stop); });
  for (const auto* name : {"a", "b"}) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (phase(name) != Phase::runnable && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(5ms);
    ASSERT_EQ(phase(name), Phase::runnable);
    end(name, Outcome::success);
  }
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (count("cascade_run WHERE state = 'done'") == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(value_of(cascade_->run("r1"))->state, RunState::done);
}

TEST_F(CascadeInvariants, HintsArriveWithTheCommit) {
  if (!state::has_server()) return;  // nobody listens to a file
  const auto hints = state::postgres::listen_for_hints(schema_.address());
  EXPECT_FALSE(hints->is_healthy());
  const auto began = std::chrono::steady_clock::now();
  while (!hints->is_healthy() && std::chrono::steady_clock::now() < began + 30s) hints->wait(20ms);
  ASSERT_TRUE(hints->is_healthy());
  EXPECT_FALSE(hints->wait(20ms)) << "its own probe is no news";
  submit({root("a")});
  EXPECT_TRUE(hints->wait(30s));
  EXPECT_FALSE(hints->wait(20ms)) << "one for each transaction";
  const auto epoch = take("a");
  EXPECT_FALSE(hints->wait(20ms)) << "a claim is no news";
  value_of(cascade_->heartbeat({{id("a"), epoch}}, 30s));
  EXPECT_FALSE(hints->wait(20ms));
  end("a", Outcome::success);
  EXPECT_TRUE(hints->wait(30s));
  EXPECT_TRUE(hints->is_healthy());
}

// -- many rows of others

/// Acceptance (h): 10^5 rows that others are to serve, and served late or never.
TEST_F(CascadeInvariants, NobodyStarvesBehindTheRowsOfOthers) {
  if (!state::has_server()) return;  // generate_series
  constexpr int kForeign = 100'000;
  submit({root("template")}, "foreign", "foreign", {{"site", "y"}});
  submit({root("a"), root("b"), waiting("c", PolicyKind::all_of, {"a"})}, "r1", "mine", {{"site", "x"}});
  submit({root("a"), waiting("c", PolicyKind::all_of, {"a"})}, "r2", "foreign", {{"site", "x"}});
  const auto fill = [&](const std::string& phase, const std::string& outcome) {
    ask("INSERT INTO node (run_id, name, kind, namespace, tags, phase, outcome, max_attempts, updated_at) SELECT "
        "'foreign', '" +
        phase + "' || i, 'export', 'foreign', '{\"site\":\"y\"}', '" + phase + "', " + outcome +
        ", 5, 0 FROM generate_series(1, " + std::to_string(kForeign) + ") i RETURNING 1");
  };
  fill("runnable", "NULL");
  fill("terminal", "'success'");
  ask("INSERT INTO outbox (node_id, round, outcome, namespace, tags, committed_at) SELECT node_id, 0, 'success', "
      "namespace, "
      "tags, 0 FROM node WHERE phase = 'terminal' RETURNING 1");
  const auto fast = [&](const std::string& run_id, const Scope& mine, std::chrono::milliseconds most) {
    const auto began = std::chrono::steady_clock::now();
    const auto claims = claim(1, claimer("w", mine));
    ASSERT_THAT(names_of(claims), ElementsAre("a"));
    value_of(cascade_->finish(claims[0].node.node_id, claims[0].node.epoch, Outcome::success, ""));
    const auto done = value_of(sweep(*cascade_, {.scope = mine}));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    EXPECT_EQ(done.reconciled, 1);
    EXPECT_EQ(node("c", run_id).phase, Phase::runnable);
    EXPECT_LT(took, most);
    RecordProperty(run_id + "_ms", std::to_string(took.count()));
  };
  // By the namespace there is an index; by tags alone all rows of others are looked at, each once.
  fast("r1", {.name_space = "mine", .tags = {{"site", "x"}}}, 1'000ms);
  fast("r2", {.name_space = "foreign", .tags = {{"site", "x"}}}, 5'000ms);
  EXPECT_EQ(value_of(sweep(*cascade_, {.scope = {.name_space = "mine"}})).scanned, 0);
}

}  // namespace
}  // namespace rivet::cascade
