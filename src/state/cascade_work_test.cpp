// SPDX-License-Identifier: Apache-2.0
// Graphs come in, nodes are claimed, kept, given back, lost and ended.
#include <set>

#include "state/cascade_fixture.hpp"

namespace rivet::cascade {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr Micros kMoment = 10'000;  // over a file the clock goes on within a statement

class CascadeWork : public CascadeTest {
 protected:
  static Scope scope(std::string name_space, Tags tags = {}) {
    return {.name_space = std::move(name_space), .tags = std::move(tags)};
  }
  std::string attempts_of(const std::string& name) const {
    std::string out;
    for (const auto& attempt : value_of(cascade_->attempts(id(name)))) {
      out += std::to_string(attempt.epoch) + ":" + (attempt.outcome.empty() ? "open" : attempt.outcome) + " ";
    }
    return out;
  }
  Micros pause_of(const std::string& name) const {
    const auto now = node(name);
    return now.not_before.value_or(0) - now.updated_at;
  }
  static std::vector<NodeSpec> roots(int count) {
    std::vector<NodeSpec> nodes;
    for (int i = 0; i < count; ++i) nodes.push_back(root("n" + std::to_string(i)));
    return nodes;
  }
};

// -- graphs

TEST_F(CascadeWork, AGraphIsStoredAsAWholeWithItsRootsRunnable) {
  submit({waiting("sum", PolicyKind::quorum, {"b", "a"}, OnSatisfied::cancel_remaining, 1), root("a"), root("b"),
          waiting("last", PolicyKind::all_of, {"sum", "a"})},
         "r1", "tenant", {{"site", "x \"y\" ?"}});
  const auto run = value_of(cascade_->run("r1"));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->state, RunState::open);
  EXPECT_EQ(run->payload, "payload");
  EXPECT_THAT(run->tags, ElementsAre(Pair("site", "x \"y\" ?")));
  EXPECT_EQ(phase("a"), Phase::runnable);
  EXPECT_EQ(phase("b"), Phase::runnable);
  EXPECT_EQ(phase("sum"), Phase::blocked);
  EXPECT_EQ(node("sum").tags, run->tags);
  EXPECT_EQ(node("sum").name_space, "tenant");
  EXPECT_LT(id("a"), id("sum"));
  EXPECT_LT(id("sum"), id("last"));
  const auto sum = group("sum");
  EXPECT_EQ(sum.kind, PolicyKind::quorum);
  EXPECT_EQ(sum.k, 1);
  EXPECT_EQ(sum.counters, (Counters{2, 0, 0}));
  EXPECT_EQ(sum.on_satisfied, OnSatisfied::cancel_remaining);
  EXPECT_EQ(group("last").k, 2);
  const auto edges = value_of(cascade_->edges_into(id("last")));
  ASSERT_EQ(edges.size(), 2U);
  EXPECT_EQ(edges[1].up_name, "sum");
  EXPECT_FALSE(edges[1].verdict);
  EXPECT_FALSE(value_of(cascade_->group(id("a")))) << "it waits for nobody";
  EXPECT_FALSE(value_of(cascade_->run("r2")));
  EXPECT_FALSE(value_of(cascade_->node(9'999)));
}

TEST_F(CascadeWork, OfOneKeyThereIsOneRun) {
  auto first = submission({root("a")});
  first.run_key = "key";
  EXPECT_TRUE(value_of(cascade_->submit(first)).is_new);
  auto second = submission({root("a")}, "r2");
  second.run_key = "key";
  const auto again = value_of(cascade_->submit(second));
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.run_id, "r1");
  second.payload_hash = "another";
  const auto refused = cascade_->submit(second);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::config);
  EXPECT_EQ(refused.error().code, "RIVET_RUN_KEY_TAKEN");
  EXPECT_EQ(count("cascade_run"), 1);
  EXPECT_EQ(count("node"), 1);
}

TEST_F(CascadeWork, OfEightWhoSubmitUnderOneKeyOneMakesTheRun) {
  std::atomic<int> made = 0;
  at_once(8, [&](int i) {
    auto mine = submission(roots(20), "r" + std::to_string(i));
    mine.run_key = "key";
    made += value_of(open_cascade()->submit(mine)).is_new;
  });
  EXPECT_EQ(made, 1);
  EXPECT_EQ(count("cascade_run"), 1);
  EXPECT_EQ(count("node"), 20);
}

TEST_F(CascadeWork, WhatIsNoGraphIsRefusedAsAWhole) {
  const auto refused = cascade_->submit(
      submission({root("z"), waiting("a", PolicyKind::all_of, {"b"}), waiting("b", PolicyKind::all_of, {"a"})}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::config);
  EXPECT_EQ(count("cascade_run") + count("node"), 0);
}

TEST_F(CascadeWork, LargeGraphsKeepTheirOrder) {
  std::vector<NodeSpec> nodes = roots(6'000);
  std::vector<std::string> all;
  for (const auto& node : nodes) all.push_back(node.name);
  nodes.push_back(waiting("sum", PolicyKind::all_of, all));
  submit(nodes);
  EXPECT_EQ(group("sum").counters.n, 6'000U);
  EXPECT_EQ(count("dep_edge"), 6'000);
  EXPECT_EQ(id("sum") - id("n0"), 6'000);
  EXPECT_EQ(id("n5999") - id("n0"), 5'999);
}

// -- claims

TEST_F(CascadeWork, AClaimIsAnEpochALeaseAndAnAttempt) {
  submit({root("a"), root("b"), waiting("c", PolicyKind::all_of, {"a"})});
  const auto claims = claim(10);
  ASSERT_THAT(names_of(claims), ElementsAre("a", "b"));
  const auto& a = claims[0].node;
  EXPECT_EQ(a.epoch, 1);
  EXPECT_EQ(a.attempts, 1);
  EXPECT_EQ(a.owner, "w1");
  EXPECT_EQ(a.phase, Phase::active);
  EXPECT_NEAR(*a.lease_until - a.updated_at, 30'000'000, kMoment);
  EXPECT_FALSE(a.attempt_until);
  EXPECT_THAT(claim(10), IsEmpty());
  const auto attempts = value_of(cascade_->attempts(a.node_id));
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].owner, "w1");
  EXPECT_FALSE(attempts[0].ended_at);
  EXPECT_EQ(value_of(cascade_->active(10)).size(), 2U);
  const auto now = value_of(cascade_->now());
  EXPECT_LT(std::abs(now - a.updated_at), 60'000'000);
}

TEST_F(CascadeWork, ManyClaimEachNodeOnceAnEpoch) {
  constexpr int kNodes = 150, kThreads = 6;
  submit(roots(kNodes));
  std::mutex mutex;
  std::set<std::pair<StoredNode, std::int64_t>> claimed;
  std::atomic<int> twice = 0;
  at_once(kThreads, [&](int i) {
    const auto mine = open_cascade();
    const auto who = claimer("w" + std::to_string(i));
    for (;;) {
      const auto claims = value_of(mine->claim(who, 3));
      if (claims.empty()) return;
      for (const auto& one : claims) {
        EXPECT_EQ(one.node.owner, who.owner);
        const std::scoped_lock lock(mutex);
        twice += !claimed.emplace(one.node.node_id, one.node.epoch).second;
      }
      // Every second comes back once and is claimed under another epoch.
      const auto& one = claims.front().node;
      if (one.epoch == 1) value_of(mine->give_back(one.node_id, one.epoch, 0us, "", false));
    }
  });
  EXPECT_EQ(twice, 0);
  EXPECT_EQ(count("node WHERE phase = 'active'"), kNodes);
  EXPECT_EQ(static_cast<std::int64_t>(claimed.size()), count("node_attempt"));
}

TEST_F(CascadeWork, ServesItsScopeAndNothingElse) {
  submit({root("a")}, "r1", "n1", {{"site", "x"}, {"disk", "fast"}});
  submit({root("b")}, "r2", "n1", {{"site", "y"}});
  submit({root("c")}, "r3", "n2", {{"site", "x"}});
  submit({root("d")}, "r4", "n2");
  const auto served = [&](const Scope& which) { return value_of(cascade_->has_work(which)); };
  EXPECT_FALSE(served(scope("n1", {{"site", "z"}})));
  EXPECT_FALSE(served(scope("n3")));
  EXPECT_TRUE(served(scope("n1", {{"disk", "fast"}, {"site", "x"}})));
  EXPECT_THAT(claim(9, claimer("w", scope("n1", {{"site", "z"}}))), IsEmpty());
  EXPECT_THAT(claim(9, claimer("w", scope("n1", {{"site", "x"}, {"disk", "slow"}}))), IsEmpty());
  EXPECT_THAT(names_of(claim(9, claimer("w", scope("n1", {{"site", "x"}, {"disk", "fast"}})))), ElementsAre("a"));
  EXPECT_THAT(names_of(claim(9, claimer("w", scope("", {{"site", "x"}})))), ElementsAre("c"));
  EXPECT_THAT(names_of(claim(9, claimer("w", scope("n1")))), ElementsAre("b"));
  EXPECT_THAT(names_of(claim(9, claimer("w", scope("")))), ElementsAre("d"));
  EXPECT_TRUE(served(scope("n2")));
}

TEST_F(CascadeWork, PassesOverWhatItIsTold) {
  submit(roots(4));
  auto who = claimer();
  who.except = ids({"n0", "n2"});
  EXPECT_THAT(names_of(claim(9, who)), ElementsAre("n1", "n3"));
}

// -- heartbeats

TEST_F(CascadeWork, AHeartbeatKeepsWhatIsHeldAndTellsTheRest) {
  submit(roots(12));
  const auto claims = claim(11);
  std::vector<std::pair<StoredNode, std::int64_t>> held;
  for (const auto& one : claims) held.emplace_back(one.node.node_id, one.node.epoch);
  EXPECT_EQ(value_of(cascade_->cancel("r1", "n3")), 1);
  EXPECT_TRUE(value_of(cascade_->finish(id("n4"), 1, Outcome::success, "")));
  EXPECT_TRUE(value_of(cascade_->give_back(id("n5"), 1, 0us, "", false)));
  take("n5");  // somebody else's now
  const auto beat = value_of(cascade_->heartbeat(held, 3'600s));
  EXPECT_THAT(beat.lost, UnorderedElementsAre(id("n4"), id("n5")));
  EXPECT_THAT(beat.cancel, ElementsAre(id("n3")));
  EXPECT_GT(*node("n0").lease_until, value_of(cascade_->now()) + 3'000'000'000LL);
  EXPECT_LT(*node("n5").lease_until, value_of(cascade_->now()) + 3'000'000'000LL);
  const auto none = value_of(cascade_->heartbeat({}, 1s));
  EXPECT_THAT(none.lost, IsEmpty());
}

// -- ends

TEST_F(CascadeWork, ThereIsOneDoorToTheEnd) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"})});
  const auto a = id("a");
  EXPECT_FALSE(value_of(cascade_->finish(a, 0, Outcome::success, ""))) << "nobody has claimed it";
  const auto epoch = take("a");
  EXPECT_FALSE(value_of(cascade_->finish(a, epoch - 1, Outcome::success, ""))) << "a zombie";
  EXPECT_FALSE(value_of(cascade_->finish(a, epoch + 1, Outcome::success, "")));
  EXPECT_TRUE(value_of(cascade_->finish(a, epoch, Outcome::failed, "disk full")));
  EXPECT_TRUE(value_of(cascade_->finish(a, epoch, Outcome::failed, "disk full"))) << "the first answer was lost";
  EXPECT_FALSE(value_of(cascade_->finish(a, epoch, Outcome::success, ""))) << "it ended otherwise";
  EXPECT_FALSE(value_of(cascade_->finish(9'999, 1, Outcome::success, "")));
  EXPECT_EQ(count("outbox"), 1);
  const auto ended = node("a");
  EXPECT_EQ(ended.outcome, Outcome::failed);
  EXPECT_EQ(ended.reason, "disk full");
  EXPECT_EQ(ended.owner, "");
  EXPECT_FALSE(ended.lease_until);
  const auto attempts = value_of(cascade_->attempts(a));
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].outcome, "failed");
  EXPECT_EQ(attempts[0].error, "disk full");
  EXPECT_TRUE(attempts[0].ended_at);
}

TEST_F(CascadeWork, OfManyWhoEndANodeOneLeavesTheEvent) {
  submit({root("a")});
  const auto epoch = take("a");
  const auto a = id("a");
  std::atomic<int> accepted = 0;
  at_once(6, [&](int i) {
    const auto outcome = i % 2 == 0 ? Outcome::success : Outcome::failed;
    accepted += value_of(open_cascade()->finish(a, epoch, outcome, ""));
  });
  EXPECT_EQ(accepted, 3) << "those who say what the first said";
  EXPECT_EQ(count("outbox"), 1);
}

// -- giving back

TEST_F(CascadeWork, GivesANodeBackWhileItHasAttempts) {
  auto graph = submission({root("a")});
  graph.max_attempts = 2;
  value_of(cascade_->submit(graph));
  EXPECT_TRUE(value_of(cascade_->give_back(id("a"), take("a"), 90s, "not now", false)));
  EXPECT_EQ(phase("a"), Phase::runnable);
  EXPECT_NEAR(pause_of("a"), 90'000'000, kMoment);
  EXPECT_EQ(node("a").reason, "not now");
  EXPECT_THAT(claim(1), IsEmpty()) << "it is to be left alone for a while";
  change("UPDATE node SET not_before = 1");
  const auto second = take("a");
  EXPECT_EQ(second, 2);
  EXPECT_FALSE(value_of(cascade_->give_back(id("a"), 1, 0us, "", false))) << "a zombie";
  EXPECT_TRUE(value_of(cascade_->give_back(id("a"), second, 0us, "worker stops", true)));
  EXPECT_EQ(node("a").attempts, 1) << "that one does not count";
  EXPECT_TRUE(value_of(cascade_->give_back(id("a"), take("a"), 0us, "still broken", false)));
  EXPECT_EQ(outcome("a"), Outcome::failed);
  EXPECT_EQ(node("a").reason, "still broken");
  EXPECT_EQ(count("outbox"), 1);
  EXPECT_EQ(attempts_of("a"), "1:retry 2:released 3:failed ");
}

TEST_F(CascadeWork, WhatWasAskedToStopIsNotClaimedAgain) {
  submit({root("a"), root("b")});
  const auto a = take("a"), b = take("b");
  EXPECT_EQ(value_of(cascade_->cancel("r1", std::nullopt)), 2);
  EXPECT_TRUE(value_of(cascade_->give_back(id("a"), a, 0us, "", false)));
  EXPECT_TRUE(value_of(cascade_->give_back(id("b"), b, 0us, "", true)));
  EXPECT_EQ(outcome("a"), Outcome::cancelled);
  EXPECT_EQ(outcome("b"), Outcome::cancelled);
  EXPECT_EQ(count("outbox"), 2);
}

// -- leases

TEST_F(CascadeWork, ALostLeaseIsTriedAgainWithLongerPausesAndExpires) {
  auto graph = submission({root("a"), root("other")});
  graph.max_attempts = 3;
  value_of(cascade_->submit(graph));
  EXPECT_THAT(value_of(cascade_->expire_leases(10)), IsEmpty());
  take("other");
  const std::vector<Micros> pauses{0, 1'000'000};
  for (const auto pause : pauses) {
    const auto epoch = take("a");
    lapse("a");
    EXPECT_TRUE(value_of(cascade_->due({}, 0us)).leases);
    const auto lapsed = value_of(cascade_->expire_leases(10));
    ASSERT_EQ(lapsed.size(), 1U);
    EXPECT_EQ(lapsed[0].name, "a");
    EXPECT_EQ(phase("a"), Phase::runnable);
    EXPECT_EQ(node("a").epoch, epoch + 1);
    EXPECT_NEAR(pause_of("a"), pause, kMoment);
    EXPECT_FALSE(value_of(cascade_->finish(id("a"), epoch, Outcome::success, ""))) << "a zombie";
    change("UPDATE node SET not_before = NULL WHERE name = 'a'");
  }
  take("a");
  lapse("a");
  EXPECT_EQ(value_of(cascade_->expire_leases(10)).size(), 1U);
  EXPECT_EQ(outcome("a"), Outcome::expired);
  EXPECT_THAT(node("a").reason, HasSubstr("no attempt is left"));
  EXPECT_EQ(attempts_of("a"), "1:lost 3:lost 5:expired ");
  EXPECT_EQ(count("outbox"), 1);
  EXPECT_FALSE(value_of(cascade_->due({}, 0us)).leases);
  EXPECT_EQ(phase("other"), Phase::active);
}

TEST_F(CascadeWork, ALostLeaseOfWhatIsToStopEndsIt) {
  submit({root("a")});
  take("a");
  value_of(cascade_->cancel("r1", "a"));
  lapse("a");
  EXPECT_EQ(value_of(cascade_->expire_leases(10)).size(), 1U);
  EXPECT_EQ(outcome("a"), Outcome::cancelled);
  EXPECT_EQ(attempts_of("a"), "1:cancelled ");
}

TEST_F(CascadeWork, ManyExpireEachLeaseOnce) {
  submit(roots(60));
  EXPECT_EQ(claim(60).size(), 60U);
  change("UPDATE node SET lease_until = 1");
  std::atomic<std::size_t> expired = 0;
  at_once(5, [&](int) { expired += value_of(open_cascade()->expire_leases(40)).size(); });
  expired += value_of(cascade_->expire_leases(100)).size();
  EXPECT_EQ(expired, 60U);
  EXPECT_EQ(count("node WHERE epoch = 2 AND phase = 'runnable'"), 60);
}

TEST_F(CascadeWork, AnAttemptThatTakesTooLongIsEnded) {
  auto graph = submission({root("a"), root("b")});
  graph.attempt_limit = 60s;
  graph.max_attempts = 1;
  value_of(cascade_->submit(graph));
  const auto claims = claim(2);
  EXPECT_NEAR(*claims[0].node.attempt_until - claims[0].node.updated_at, 60'000'000, kMoment);
  EXPECT_THAT(value_of(cascade_->expire_attempts(10)), IsEmpty());
  EXPECT_FALSE(value_of(cascade_->due({}, 0us)).attempts);
  change("UPDATE node SET attempt_until = 1 WHERE name = 'b'");
  EXPECT_TRUE(value_of(cascade_->due({}, 0us)).attempts);
  EXPECT_EQ(value_of(cascade_->expire_attempts(10)).size(), 1U);
  EXPECT_EQ(outcome("b"), Outcome::expired);
  EXPECT_THAT(node("b").reason, HasSubstr("too long"));
  EXPECT_EQ(phase("a"), Phase::active);
}

// -- runs of exports

TEST_F(CascadeWork, RemembersWhichRunsANodeWorksWith) {
  submit({root("a")});
  const auto epoch = take("a");
  EXPECT_TRUE(value_of(cascade_->attach(id("a"), epoch, "orders", "x1")));
  EXPECT_TRUE(value_of(cascade_->attach(id("a"), epoch, "lines", "x2")));
  EXPECT_TRUE(value_of(cascade_->attach(id("a"), epoch, "orders", "x3")));
  EXPECT_FALSE(value_of(cascade_->attach(id("a"), epoch - 1, "orders", "x4")));
  EXPECT_THAT(value_of(cascade_->attached(id("a"))), ElementsAre(Pair("lines", "x2"), Pair("orders", "x3")));
  ends("a", Outcome::failed);
  value_of(cascade_->retry("r1", {}));
  EXPECT_THAT(value_of(cascade_->attached(id("a"))), IsEmpty()) << "another round";
}

TEST_F(CascadeWork, OffersWhatOthersHaveUnitsOf) {
  submit({root("a"), root("b")}, "r1", "n", {{"site", "x"}});
  const auto a = take("a");
  take("b");
  must(state::start("x1", 2));
  EXPECT_TRUE(value_of(cascade_->attach(id("a"), a, "orders", "x1")));
  const auto offered = [&](const Claimer& who) {
    std::vector<std::string> names;
    for (const auto& one : value_of(cascade_->shareable(who, 10))) names.push_back(one.name);
    return names;
  };
  EXPECT_THAT(offered(claimer("w2")), ElementsAre("a"));
  EXPECT_THAT(offered(claimer("w2", scope("n", {{"site", "x"}}))), ElementsAre("a"));
  EXPECT_THAT(offered(claimer("w2", scope("n", {{"site", "y"}}))), IsEmpty());
  EXPECT_THAT(offered(claimer("w1")), IsEmpty()) << "it is its own";
  auto busy = claimer("w2");
  busy.except = {id("a")};
  EXPECT_THAT(offered(busy), IsEmpty());
  complete("x1");
  EXPECT_THAT(offered(claimer("w2")), IsEmpty()) << "nothing is left of it";
}

// -- workers and places

TEST_F(CascadeWork, KnowsWhoWorks) {
  const WorkerRecord worker{
      .worker_id = "w1", .host = "h", .pid = 12, .slots = 4, .scope = scope("n", {{"site", "x"}})};
  ASSERT_TRUE(cascade_->see(worker).has_value());
  ASSERT_TRUE(cascade_->see({.worker_id = "w2", .host = "h2"}).has_value());
  ASSERT_TRUE(cascade_->see(worker).has_value());
  const auto there = value_of(cascade_->workers(60s));
  ASSERT_EQ(there.size(), 2U);
  EXPECT_EQ(there[0].worker_id, "w1");
  EXPECT_EQ(there[0].slots, 4);
  EXPECT_EQ(there[0].pid, 12);
  EXPECT_EQ(there[0].scope.tags, worker.scope.tags);
  EXPECT_GE(there[0].seen_at, there[0].started_at);
  change("UPDATE worker SET seen_at = 1 WHERE worker_id = 'w2'");
  EXPECT_EQ(value_of(cascade_->workers(60s)).size(), 1U);
  ASSERT_TRUE(cascade_->forget("w1").has_value());
  EXPECT_THAT(value_of(cascade_->workers(60s)), IsEmpty());
}

TEST_F(CascadeWork, ThePlaceBelongsToWhoeverCameFirst) {
  std::mutex mutex;
  std::set<std::pair<std::string, std::string>> answers;
  at_once(6, [&](int i) {
    const auto number = std::to_string(i);
    const auto answer = value_of(open_cascade()->probe("/data", "token" + number, "host" + number));
    const std::scoped_lock lock(mutex);
    answers.insert(answer);
  });
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(value_of(cascade_->probe("/data", "late", "host")), *answers.begin());
  EXPECT_THAT(value_of(cascade_->probe("/other", "mine", "here")), Pair("mine", "here"));
}

TEST_F(CascadeWork, TellsWhatHappened) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"})});
  submit({root("a")}, "r2");
  const auto began = value_of(cascade_->now());
  ends("a", Outcome::failed);
  take("a", "r2");
  ASSERT_TRUE(cascade_->raise({.reconciler = "R2", .run_id = "r1", .node_id = id("a"), .message = "m"}).has_value());
  ASSERT_TRUE(cascade_->raise({.reconciler = "R3", .message = "of none"}).has_value());
  const auto lines = [&](const std::optional<std::string>& run_id, Micros since, int limit) {
    std::vector<std::string> out;
    for (const auto& one : value_of(cascade_->happenings(run_id, since, limit))) {
      out.push_back(one.kind + " " + one.run_id + "/" + one.node + " " + one.detail + " " + one.owner);
    }
    return out;
  };
  EXPECT_THAT(lines("r1", began, 10),
              ElementsAre("started r1/a 1 w1", "ended r1/a failed ", "ended r1/b skipped ", "alarm r1/a m R2"));
  EXPECT_THAT(lines(std::nullopt, 0, 100), ::testing::SizeIs(6));
  EXPECT_THAT(lines("r1", 0, 2), ::testing::SizeIs(2));
  EXPECT_THAT(lines("r1", value_of(cascade_->now()) + 60'000'000, 10), IsEmpty());
  const auto alarms = value_of(cascade_->alarms(10));
  ASSERT_EQ(alarms.size(), 2U);
  EXPECT_EQ(alarms[0].reconciler, "R3") << "the latest first";
  EXPECT_EQ(alarms[0].run_id, "");
  EXPECT_EQ(alarms[1].node_id, id("a"));
}

}  // namespace
}  // namespace rivet::cascade
