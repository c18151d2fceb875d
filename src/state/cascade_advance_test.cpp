// SPDX-License-Identifier: Apache-2.0
// What follows when nodes end: events, verdicts, decisions, and what is stopped because nobody needs it.
#include <set>

#include "state/cascade_fixture.hpp"

namespace rivet::cascade {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr auto kLetRun = OnSatisfied::let_run;
constexpr auto kCancel = OnSatisfied::cancel_remaining;

class CascadeAdvance : public CascadeTest {
 protected:
  std::vector<OutboxEvent> pending() const {
    std::vector<OutboxEvent> events;
    change("UPDATE outbox SET soft_until = 0");
    return value_of(cascade_->take_events({})).events;
  }
  std::int64_t open_events() const { return count("outbox WHERE dispatched_at IS NULL"); }
  std::vector<std::string> names(const std::vector<StoredNode>& nodes) const {
    std::vector<std::string> out;
    for (const auto one : nodes) out.push_back(value_of(cascade_->node(one))->name);
    return out;
  }
};

// -- events

TEST_F(CascadeAdvance, EventsAreTakenOnceUntilTheMarkExpires) {
  submit({root("a"), root("b"), root("c")});
  for (const auto* name : {"b", "a", "c"}) end(name, Outcome::success);
  const auto first = value_of(cascade_->take_events({.scope = {}, .limit = 2}));
  ASSERT_EQ(first.events.size(), 2U);
  EXPECT_EQ(first.events[0].node_id, id("b")) << "in the order of their ends";
  EXPECT_EQ(first.events[1].node_id, id("a"));
  EXPECT_EQ(first.events[0].outcome, Outcome::success);
  EXPECT_EQ(value_of(cascade_->take_events({})).events.size(), 1U);
  EXPECT_THAT(value_of(cascade_->take_events({})).events, IsEmpty());
  EXPECT_FALSE(value_of(cascade_->due({}, 0us)).events) << "somebody takes care of them";
  EXPECT_EQ(value_of(cascade_->events_of({id("a"), id("c")})).size(), 2U);
  change("UPDATE outbox SET soft_until = 1");
  EXPECT_TRUE(value_of(cascade_->due({}, 0us)).events);
  EXPECT_EQ(value_of(cascade_->take_events({})).events.size(), 3U);
}

TEST_F(CascadeAdvance, AnEndAndWhoHearsOfItAreOneTransaction) {
  submit({root("a"), root("x"), waiting("b", PolicyKind::all_of, {"a"}), waiting("c", PolicyKind::any_of, {"a", "x"}),
          waiting("d", PolicyKind::all_of, {"b"})});
  const auto a = take("a");
  EXPECT_FALSE(value_of(cascade_->finish_and_tell(id("a"), a, Outcome::success, "", 1))) << "two wait";
  EXPECT_EQ(node("a").phase, Phase::active);
  EXPECT_FALSE(value_of(cascade_->finish_and_tell(id("a"), a + 1, Outcome::success, "", 9))->accepted);
  EXPECT_EQ(node("b").phase, Phase::blocked);
  const auto ended = value_of(cascade_->finish_and_tell(id("a"), a, Outcome::success, "", 9));
  ASSERT_TRUE(ended && ended->accepted);
  EXPECT_EQ(ended->told.hop.marked, 2);
  EXPECT_EQ(ended->told.hop.decided, 2);
  EXPECT_EQ(ended->told.closed, 1);
  EXPECT_EQ(node("b").phase, Phase::runnable);
  EXPECT_EQ(node("c").phase, Phase::runnable);
  EXPECT_EQ(open_events(), 0);
  const auto again = value_of(cascade_->finish_and_tell(id("a"), a, Outcome::success, "", 9));
  ASSERT_TRUE(again && again->accepted) << "the first answer was lost";
  EXPECT_EQ(again->told.hop.marked, 0);
  const auto b = take("b");
  const auto failed = value_of(cascade_->finish_and_tell(id("b"), b, Outcome::failed, "", 9));
  EXPECT_THAT(names(failed->told.hop.ended), ElementsAre("d"));
  EXPECT_EQ(open_events(), 1) << "of d, which was skipped";
}

TEST_F(CascadeAdvance, ASweepThatIsTooLargeForOneTransactionTakesNothing) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"}), waiting("c", PolicyKind::all_of, {"a"})});
  end("a", Outcome::success);
  EXPECT_FALSE(value_of(cascade_->sweep({}, 1)));
  EXPECT_EQ(open_events(), 1);
  const auto swept = value_of(cascade_->sweep({}, 2));
  ASSERT_TRUE(swept);
  EXPECT_EQ(swept->scanned, 1);
  EXPECT_EQ(swept->told.closed, 1);
  EXPECT_EQ(swept->told.hop.decided, 2);
  EXPECT_TRUE(swept->oldest_at);
  EXPECT_EQ(value_of(cascade_->sweep({}, 2))->scanned, 0);
}

TEST_F(CascadeAdvance, ManyEndAtOnceWhatOneWaitsFor) {
  constexpr int kUps = 60, kThreads = 6;
  std::vector<NodeSpec> nodes;
  std::vector<std::string> ups;
  for (int i = 0; i < kUps; ++i) nodes.push_back(root(ups.emplace_back("u" + std::to_string(i))));
  nodes.push_back(waiting("d", PolicyKind::all_of, ups));
  submit(nodes);
  const auto claims = claim(kUps);
  ASSERT_EQ(claims.size(), static_cast<std::size_t>(kUps));
  at_once(kThreads, [&](int i) {
    const auto mine = open_cascade();
    for (auto at = static_cast<std::size_t>(i); at < claims.size(); at += kThreads) {
      const auto& up = claims[at].node;
      EXPECT_TRUE(value_of(finish(*mine, up.node_id, up.epoch, Outcome::success, "")));
    }
  });
  settle();
  EXPECT_EQ(phase("d"), Phase::runnable);
  EXPECT_EQ(open_events(), 0);
  EXPECT_EQ(group("d").counters.success, static_cast<std::size_t>(kUps));
}

TEST_F(CascadeAdvance, OnlyOldEventsOfTheScopeAreTaken) {
  submit({root("a")}, "r1", "n1", {{"site", "x"}});
  submit({root("a")}, "r2", "n1", {{"site", "y"}});
  submit({root("a")}, "r3", "n2");
  for (const auto* run : {"r1", "r2", "r3"}) end("a", Outcome::success, run);
  const Scope mine{.name_space = "n1", .tags = {{"site", "x"}}};
  EXPECT_THAT(value_of(cascade_->take_events({.scope = mine, .stale = 3'600s})).events, IsEmpty());
  EXPECT_FALSE(value_of(cascade_->due(mine, 3'600s)).events);
  change("UPDATE outbox SET committed_at = committed_at - 7200000000");
  EXPECT_TRUE(value_of(cascade_->due(mine, 3'600s)).events);
  const auto taken = value_of(cascade_->take_events({.scope = mine, .stale = 3'600s, .count_others = true}));
  ASSERT_EQ(taken.events.size(), 1U);
  EXPECT_EQ(taken.events[0].node_id, id("a", "r1"));
  EXPECT_EQ(taken.filtered, 2);
  EXPECT_FALSE(value_of(cascade_->due(mine, 3'600s)).events);
  EXPECT_TRUE(value_of(cascade_->due({.name_space = "n2"}, 0us)).events);
}

TEST_F(CascadeAdvance, ManyTakeEachEventOnce) {
  std::vector<NodeSpec> nodes;
  for (int i = 0; i < 80; ++i) nodes.push_back(root("n" + std::to_string(i)));
  submit(nodes);
  for (const auto& one : claim(80)) value_of(cascade_->finish(one.node.node_id, 1, Outcome::success, ""));
  std::mutex mutex;
  std::multiset<std::int64_t> taken;
  at_once(5, [&](int) {
    const auto mine = open_cascade();
    for (;;) {
      const auto some = value_of(mine->take_events({.scope = {}, .limit = 7})).events;
      if (some.empty()) return;
      const std::scoped_lock lock(mutex);
      for (const auto& event : some) taken.insert(event.event_id);
    }
  });
  for (const auto& event : value_of(cascade_->take_events({})).events) taken.insert(event.event_id);
  EXPECT_EQ(taken.size(), 80U);
  EXPECT_EQ(std::set(taken.begin(), taken.end()).size(), 80U);
}

TEST_F(CascadeAdvance, WhatCannotBeDispatchedIsPutOffForLongerAndLonger) {
  submit({root("a")});
  end("a", Outcome::success);
  std::vector<Micros> pauses;
  for (int i = 0; i < 10; ++i) {
    const auto events = pending();
    ASSERT_EQ(events.size(), 1U);
    ASSERT_TRUE(cascade_->put_off(events, "no luck").has_value());
    pauses.push_back(std::stoll(ask("SELECT soft_until FROM outbox")) - value_of(cascade_->now()));
  }
  EXPECT_TRUE(std::is_sorted(pauses.begin(), pauses.begin() + 7));
  EXPECT_NEAR(pauses.front(), 1'000'000, 900'000);
  EXPECT_NEAR(pauses.back(), 60'000'000, 1'000'000);
  EXPECT_EQ(ask("SELECT last_error FROM outbox"), "no luck");
  EXPECT_EQ(value_of(cascade_->close(pending())), 1);
  EXPECT_EQ(ask("SELECT coalesce(last_error, '-') FROM outbox"), "-");
}

TEST_F(CascadeAdvance, AnEventIsClosedLast) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"}), waiting("c", PolicyKind::all_of, {"a"})});
  end("a", Outcome::success);
  const auto events = pending();
  EXPECT_EQ(value_of(cascade_->close(events)), 0) << "nobody knows";
  EXPECT_THAT(names(value_of(cascade_->unaware_of({id("a")}))), ElementsAre("b", "c"));
  EXPECT_EQ(value_of(cascade_->advance({id("b")}, {id("a")})).marked, 1);
  EXPECT_EQ(value_of(cascade_->close(events)), 0) << "c does not know";
  EXPECT_THAT(names(value_of(cascade_->unaware_of({id("a")}))), ElementsAre("c"));
  EXPECT_EQ(value_of(cascade_->advance({id("b"), id("c")}, {id("a")})).marked, 1);
  EXPECT_EQ(value_of(cascade_->close(events)), 1);
  EXPECT_EQ(value_of(cascade_->close(events)), 0) << "it is closed";
  EXPECT_EQ(group("b").counters, (Counters{1, 1, 0}));
  EXPECT_EQ(open_events(), 0);
}

TEST_F(CascadeAdvance, AnEventThatCannotBeDispatchedHoldsNoOtherUp) {
  submit({root("a"), root("b"), root("c"), waiting("on_a", PolicyKind::all_of, {"a"}),
          waiting("on_b", PolicyKind::any_of, {"b", "c"}), waiting("on_c", PolicyKind::all_of, {"c"})});
  for (const auto* name : {"a", "b", "c"}) end(name, Outcome::success);
  change("UPDATE dep_group SET n_negative = n WHERE node_id = " + std::to_string(id("on_b")));  // can count no more
  const auto done = value_of(sweep(*cascade_, {}));
  EXPECT_EQ(done.scanned, 3);
  EXPECT_EQ(done.reconciled, 1) << done.last_error;
  EXPECT_EQ(done.errors, 2);
  EXPECT_EQ(phase("on_a"), Phase::runnable);
  EXPECT_EQ(phase("on_b"), Phase::blocked);
  EXPECT_EQ(open_events(), 2);
  EXPECT_NE(ask("SELECT last_error FROM outbox WHERE node_id = " + std::to_string(id("b"))), "");
  EXPECT_TRUE(value_of(cascade_->recount(id("on_b"))));
  change("UPDATE outbox SET soft_until = 0");
  settle();
  EXPECT_EQ(phase("on_c"), Phase::runnable);
  EXPECT_EQ(open_events(), 0);
}

// -- hops

TEST_F(CascadeAdvance, AHopIsAboutTheNamedUpstreamsOrAboutAll) {
  submit({root("a"), root("b"), root("c"), waiting("d", PolicyKind::all_of, {"a", "b", "c"})});
  end("a", Outcome::success);
  end("b", Outcome::success);
  const auto none = value_of(cascade_->advance({id("d")}, {id("c")}));
  EXPECT_EQ(none.marked, 0) << "c has not ended";
  EXPECT_EQ(value_of(cascade_->advance({id("d")}, {id("a")})).marked, 1);
  EXPECT_EQ(group("d").counters, (Counters{3, 1, 0}));
  EXPECT_EQ(value_of(cascade_->advance({id("d")}, {})).marked, 1);
  EXPECT_EQ(value_of(cascade_->advance({id("d")}, {})).marked, 0) << "repeated";
  EXPECT_EQ(group("d").counters, (Counters{3, 2, 0}));
  EXPECT_EQ(phase("d"), Phase::blocked);
  end("c", Outcome::success);
  const auto last = value_of(cascade_->advance({id("d")}, {id("c")}));
  EXPECT_EQ(last.marked, 1);
  EXPECT_EQ(last.decided, 1);
  EXPECT_THAT(last.ended, IsEmpty());
  EXPECT_EQ(phase("d"), Phase::runnable);
  EXPECT_EQ(group("d").state, GroupState::satisfied);
  EXPECT_TRUE(group("d").decided_at);
  const auto edges = value_of(cascade_->edges_into(id("d")));
  EXPECT_EQ(edges[0].verdict, Verdict::success);
  EXPECT_THAT(value_of(cascade_->advance({id("a")}, {})).marked, 0) << "it waits for nobody";
}

TEST_F(CascadeAdvance, SeveralAtOnceMarkEachEdgeOnce) {
  std::vector<NodeSpec> nodes;
  std::vector<std::string> ups, downs;
  for (int i = 0; i < 24; ++i) nodes.push_back(root(ups.emplace_back("u" + std::to_string(i))));
  for (int i = 0; i < 6; ++i)
    nodes.push_back(waiting(downs.emplace_back("d" + std::to_string(i)), PolicyKind::all_of, ups));
  submit(nodes);
  const auto claims = claim(24);
  const auto downstream = ids(downs);
  std::atomic<std::int64_t> marked = 0, decided = 0;
  at_once(6, [&](int i) {
    const auto mine = open_cascade();
    auto order = downstream;
    std::rotate(order.begin(), order.begin() + i, order.end());
    for (std::size_t at = static_cast<std::size_t>(i); at < claims.size(); at += 6) {
      const auto& up = claims[at].node;
      EXPECT_TRUE(value_of(mine->finish(up.node_id, up.epoch, Outcome::success, "")));
      const auto done =
          value_of(mine->advance(order, i % 2 == 0 ? std::vector{up.node_id} : std::vector<StoredNode>{}));
      marked += done.marked;
      decided += done.decided;
    }
  });
  EXPECT_EQ(marked, 24 * 6);
  EXPECT_EQ(decided, 6);
  EXPECT_EQ(count("node WHERE phase = 'runnable'"), 6);
}

TEST_F(CascadeAdvance, TellingIsAllOfItInOneTransactionWhereFewWait) {
  submit({root("a"), root("b"), waiting("c", PolicyKind::all_of, {"a", "b"}), waiting("d", PolicyKind::all_of, {"a"}),
          waiting("e", PolicyKind::all_of, {"b"})});
  end("a", Outcome::success);
  end("b", Outcome::failed);
  EXPECT_FALSE(value_of(cascade_->tell(ids({"a", "b"}), 2))) << "three wait";
  EXPECT_EQ(count("dep_edge WHERE verdict IS NOT NULL"), 0);
  EXPECT_EQ(open_events(), 2);
  const auto told = value_of(cascade_->tell(ids({"a", "b"}), 3));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->hop.marked, 4);
  EXPECT_EQ(told->hop.decided, 3);
  EXPECT_THAT(names(told->hop.ended), UnorderedElementsAre("c", "e"));
  EXPECT_EQ(told->closed, 2);
  EXPECT_EQ(phase("d"), Phase::runnable);
  EXPECT_EQ(open_events(), 2) << "of what was skipped";
  const auto again = value_of(cascade_->tell(ids({"a", "b", "d"}), 3));
  EXPECT_EQ(again->hop.marked + again->closed, 0) << "repeated, and of one that has not ended";
}

TEST_F(CascadeAdvance, AnEndForWhichManyWaitIsToldInPieces) {
  std::vector<NodeSpec> nodes{root("a")};
  for (int i = 0; i < 600; ++i) nodes.push_back(waiting("n" + std::to_string(i), PolicyKind::any_of, {"a"}));
  submit(nodes);
  end("a", Outcome::success);
  const auto done = value_of(sweep(*cascade_, {}));
  EXPECT_EQ(done.edges, 600);
  EXPECT_EQ(done.reconciled, 1);
  EXPECT_EQ(open_events(), 0);
  EXPECT_EQ(count("node WHERE phase = 'runnable'"), 600);
}

// -- decisions

TEST_F(CascadeAdvance, AllOfIsSkippedByTheFirstThatFails) {
  submit({root("a"), root("b"), root("c"), waiting("d", PolicyKind::all_of, {"a", "b", "c"}),
          waiting("e", PolicyKind::all_of, {"d"}), waiting("f", PolicyKind::all_of, {"c"})});
  ends("b", Outcome::failed);
  EXPECT_EQ(outcome("d"), Outcome::skipped);
  EXPECT_EQ(node("d").reason, "'b' failed");
  EXPECT_EQ(group("d").state, GroupState::impossible);
  EXPECT_EQ(outcome("e"), Outcome::skipped);
  EXPECT_EQ(node("e").reason, "'d' skipped");
  EXPECT_EQ(phase("f"), Phase::blocked);
  EXPECT_EQ(phase("a"), Phase::runnable) << "others may go on";
  ends("a", Outcome::success);
  EXPECT_EQ(group("d").counters, (Counters{3, 1, 1})) << "late verdicts count";
  ends("c", Outcome::expired);
  EXPECT_EQ(group("d").counters, (Counters{3, 1, 2}));
  EXPECT_EQ(group("d").state, GroupState::impossible);
  EXPECT_EQ(node("f").reason, "'c' expired");
  EXPECT_EQ(count("outbox"), 6);
}

TEST_F(CascadeAdvance, AnyOfNeedsOneAndIsSkippedWhenNoneIsLeft) {
  submit({root("a"), root("b"), waiting("one", PolicyKind::any_of, {"a", "b"}), root("c"), root("d"),
          waiting("none", PolicyKind::any_of, {"c", "d"})});
  ends("a", Outcome::failed);
  EXPECT_EQ(phase("one"), Phase::blocked);
  ends("b", Outcome::success);
  EXPECT_EQ(phase("one"), Phase::runnable);
  end("c", Outcome::failed);
  end("d", Outcome::expired);
  settle();
  EXPECT_EQ(outcome("none"), Outcome::skipped);
  EXPECT_EQ(node("none").reason, "1 of 2 had to succeed: 'c' failed and 1 more");
}

TEST_F(CascadeAdvance, AQuorumNeedsSoMany) {
  submit({root("a"), root("b"), root("c"), root("d"),
          waiting("q", PolicyKind::quorum, {"a", "b", "c", "d"}, kLetRun, 3),
          waiting("r", PolicyKind::quorum, {"a", "b", "c", "d"}, kLetRun, 2)});
  ends("a", Outcome::success);
  ends("b", Outcome::failed);
  ends("c", Outcome::success);
  EXPECT_EQ(phase("q"), Phase::blocked);
  EXPECT_EQ(phase("r"), Phase::runnable);
  take("r");
  ends("d", Outcome::failed);
  EXPECT_EQ(outcome("q"), Outcome::skipped);
  EXPECT_EQ(node("q").reason, "3 of 4 had to succeed: 'b' failed and 1 more");
  EXPECT_EQ(phase("r"), Phase::active) << "decided once";
}

TEST_F(CascadeAdvance, ADeepCascadeOfSkipsDrains) {
  std::vector<NodeSpec> nodes{root("n0")};
  for (int i = 1; i < 60; ++i) {
    nodes.push_back(waiting("n" + std::to_string(i), PolicyKind::all_of, {"n" + std::to_string(i - 1)}));
  }
  submit(nodes);
  end("n0", Outcome::failed);
  const auto done = value_of(follow(*cascade_, {id("n0")}));
  EXPECT_EQ(done.reconciled, 60);
  EXPECT_EQ(done.edges, 59);
  EXPECT_EQ(count("node WHERE outcome = 'skipped'"), 59);
  EXPECT_EQ(open_events(), 0);
}

TEST_F(CascadeAdvance, FollowingStopsAtItsLimitAndASweepGoesOn) {
  std::vector<NodeSpec> nodes{root("n0")};
  for (int i = 1; i < 20; ++i) {
    nodes.push_back(waiting("n" + std::to_string(i), PolicyKind::all_of, {"n" + std::to_string(i - 1)}));
  }
  submit(nodes);
  end("n0", Outcome::failed);
  EXPECT_EQ(value_of(follow(*cascade_, {id("n0")}, 5)).reconciled, 5);
  EXPECT_EQ(open_events(), 1);
  EXPECT_EQ(value_of(sweep(*cascade_, {.scope = {}, .limit = 4})).reconciled, 4);
  settle();
  EXPECT_EQ(count("node WHERE outcome = 'skipped'"), 19);
}

// -- what nobody needs

TEST_F(CascadeAdvance, TheFirstOfSeveralStopsTheOthersThatNobodyElseNeeds) {
  submit({root("a"), root("b"), root("c"), root("d"), root("e"), waiting("late", PolicyKind::all_of, {"e"}),
          waiting("first", PolicyKind::any_of, {"a", "b", "c", "d", "late"}, kCancel),
          waiting("other", PolicyKind::all_of, {"d"})});
  take("b");
  ends("a", Outcome::success);
  EXPECT_EQ(phase("first"), Phase::runnable);
  EXPECT_TRUE(value_of(cascade_->due({}, 0us)).cancels);
  const auto groups = value_of(cascade_->groups_to_cancel(10));
  EXPECT_THAT(names(groups), ElementsAre("first"));
  const auto idle = value_of(cascade_->drain(groups[0]));
  EXPECT_THAT(names(idle), UnorderedElementsAre("c", "late"));
  EXPECT_THAT(value_of(cascade_->drain(groups[0])), IsEmpty()) << "it is done";
  EXPECT_THAT(value_of(cascade_->groups_to_cancel(10)), IsEmpty());
  EXPECT_EQ(outcome("c"), Outcome::cancelled);
  EXPECT_EQ(node("c").reason, "not needed: 'first' has what it waited for");
  EXPECT_EQ(group("late").state, GroupState::cancelled);
  EXPECT_EQ(phase("e"), Phase::runnable) << "of what was stopped only that itself";
  EXPECT_TRUE(node("b").cancel_requested_at) << "it is active";
  EXPECT_EQ(phase("d"), Phase::runnable) << "somebody else waits for it";
  EXPECT_FALSE(node("d").cancel_requested_at);
  EXPECT_EQ(phase("b"), Phase::active);
  settle();
  EXPECT_EQ(group("first").counters, (Counters{5, 1, 2}));
  ends("b", Outcome::success);
  EXPECT_EQ(outcome("b"), Outcome::success) << "it was faster than the request";
}

TEST_F(CascadeAdvance, WhatCannotComeAboutStopsTheRestToo) {
  submit({root("a"), root("b"), root("c"), waiting("two", PolicyKind::quorum, {"a", "b", "c"}, kCancel, 2)});
  ends("a", Outcome::failed);
  EXPECT_THAT(value_of(cascade_->groups_to_cancel(10)), IsEmpty());
  ends("b", Outcome::failed);
  EXPECT_EQ(outcome("two"), Outcome::skipped);
  EXPECT_THAT(names(value_of(cascade_->drain(id("two")))), ElementsAre("c"));
  EXPECT_EQ(node("c").reason, "not needed: 'two' cannot run any more");
}

TEST_F(CascadeAdvance, LettingThemRunStopsNobody) {
  submit({root("a"), root("b"), waiting("first", PolicyKind::any_of, {"a", "b"}, kLetRun)});
  ends("a", Outcome::success);
  EXPECT_THAT(value_of(cascade_->groups_to_cancel(10)), IsEmpty());
  EXPECT_FALSE(value_of(cascade_->due({}, 0us)).cancels);
  EXPECT_THAT(value_of(cascade_->drain(id("first"))), IsEmpty());
  EXPECT_EQ(phase("b"), Phase::runnable);
}

TEST_F(CascadeAdvance, WhoDoesNotStopIsStoppedAfterTheGrace) {
  submit({root("a"), root("b"), root("c"), waiting("first", PolicyKind::any_of, {"a", "b", "c"}, kCancel)});
  const auto b = take("b");
  take("c");
  ends("a", Outcome::success);
  value_of(cascade_->drain(id("first")));
  EXPECT_THAT(value_of(cascade_->cancel_overdue(30s, 10)), IsEmpty());
  change("UPDATE node SET cancel_requested_at = cancel_requested_at - 60000000 WHERE name = 'b'");
  EXPECT_THAT(names(value_of(cascade_->cancel_overdue(30s, 10))), ElementsAre("b"));
  EXPECT_EQ(outcome("b"), Outcome::cancelled);
  EXPECT_EQ(node("b").epoch, b + 1);
  EXPECT_FALSE(value_of(cascade_->finish(id("b"), b, Outcome::success, ""))) << "a zombie";
  EXPECT_EQ(phase("c"), Phase::active);
  settle();
  EXPECT_EQ(open_events(), 0);
}

// -- late edges

TEST_F(CascadeAdvance, ALateEdgeIsBornWithTheVerdictOfWhatHasEnded) {
  submit({root("a"), root("b"), root("c"), waiting("d", PolicyKind::all_of, {"a"}),
          waiting("e", PolicyKind::any_of, {"d"})});
  submit({root("x")}, "r2");
  ends("b", Outcome::success);
  ASSERT_TRUE(cascade_->add_edge(id("b"), id("d")).has_value());
  EXPECT_EQ(group("d").counters, (Counters{2, 1, 0}));
  EXPECT_EQ(group("d").k, 2);
  ASSERT_TRUE(cascade_->add_edge(id("c"), id("d")).has_value());
  ASSERT_TRUE(cascade_->add_edge(id("c"), id("e")).has_value());
  EXPECT_EQ(group("e").k, 1);
  const auto refused = [&](const std::string& up, const std::string& down, const std::string& run_id = "r1") {
    const auto result = cascade_->add_edge(id(up, run_id), id(down));
    EXPECT_FALSE(result.has_value()) << up << " " << down;
    return result ? "" : result.error().kind == ErrorKind::config ? result.error().message : "another kind";
  };
  EXPECT_EQ(refused("c", "d"), "'d' cannot depend on 'c' as well: it does already");
  EXPECT_EQ(refused("e", "d"), "'d' cannot depend on 'e' as well: that would be a circle");
  EXPECT_EQ(refused("d", "d"), "'d' cannot depend on 'd' as well: that would be a circle");
  EXPECT_EQ(refused("b", "a"), "'a' cannot depend on 'b' as well: it waits for nobody");
  EXPECT_EQ(refused("x", "d", "r2"), "'d' cannot depend on 'x' as well: they belong to different runs");
  EXPECT_FALSE(cascade_->add_edge(9'999, id("d")).has_value());
  ends("a", Outcome::success);
  EXPECT_EQ(phase("d"), Phase::blocked) << "c is still awaited";
  ends("c", Outcome::success);
  EXPECT_EQ(phase("d"), Phase::runnable);
  EXPECT_EQ(refused("b", "d"), "'d' cannot depend on 'b' as well: it is decided whether it runs");
}

TEST_F(CascadeAdvance, ALateEdgeToWhatFailedSkipsAtOnce) {
  submit({root("a"), root("b"), waiting("d", PolicyKind::all_of, {"a"}), waiting("e", PolicyKind::all_of, {"d"})});
  ends("b", Outcome::failed);
  ASSERT_TRUE(cascade_->add_edge(id("b"), id("d")).has_value());
  EXPECT_EQ(outcome("d"), Outcome::skipped);
  settle();
  EXPECT_EQ(outcome("e"), Outcome::skipped);
}

/// Acceptance (f): the edge comes while its upstream ends and is told of.
TEST_F(CascadeAdvance, ALateEdgeAndTheEndOfItsUpstreamNeverMissEachOther) {
  const int rounds = state::has_server() ? 60 : 25;
  const auto other = open_cascade();
  std::int64_t refused = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto run_id = "r" + std::to_string(round);
    submit({root("a"), root("b"), waiting("d", PolicyKind::all_of, {"a"})}, run_id);
    const auto epoch = take("b", run_id);
    const auto b = id("b", run_id), d = id("d", run_id);
    at_once(2, [&](int i) {
      if (i == 0) {
        refused += !cascade_->add_edge(b, d).has_value();
        return;
      }
      EXPECT_TRUE(value_of(other->finish(b, epoch, Outcome::success, "")));
      value_of(follow(*other, {b}));
    });
    ends("a", Outcome::success, run_id);
    const auto d_now = value_of(cascade_->group(d));
    EXPECT_EQ(d_now->counters, (Counters{2, 2, 0})) << run_id;
    EXPECT_EQ(node("d", run_id).phase, Phase::runnable) << run_id;
  }
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(open_events(), 0);
}

TEST_F(CascadeAdvance, TwoLateEdgesCannotCloseACircleTogether) {
  for (int round = 0; round < 15; ++round) {
    const auto run_id = "r" + std::to_string(round);
    submit({root("a"), waiting("c", PolicyKind::all_of, {"a"}), waiting("d", PolicyKind::all_of, {"a"})}, run_id);
    const auto c = id("c", run_id), d = id("d", run_id);
    std::atomic<int> added = 0;
    at_once(2, [&](int i) {
      const auto mine = open_cascade();
      added += (i == 0 ? mine->add_edge(c, d) : mine->add_edge(d, c)).has_value();
    });
    EXPECT_EQ(added, 1) << run_id;
  }
}

}  // namespace
}  // namespace rivet::cascade
