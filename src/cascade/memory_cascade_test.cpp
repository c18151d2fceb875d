// SPDX-License-Identifier: Apache-2.0
// Single consequences by example, and thousands of random graphs in random order against an oracle that knows no
// counters.
#include "cascade/memory_cascade.hpp"

#include <algorithm>

#include <gmock/gmock.h>

#include "cascade/oracle.hpp"

namespace rivet::cascade {
namespace {

using namespace testing;  // the oracle

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kLetRun = OnSatisfied::let_run;
constexpr auto kCancel = OnSatisfied::cancel_remaining;

NodeSpec root(std::string name) { return {.name = std::move(name)}; }

NodeSpec waiting(std::string name, PolicyKind kind, std::vector<std::string> of, OnSatisfied then = kLetRun,
                 std::size_t k = 0) {
  return {.name = std::move(name), .depends_on = Dependencies{kind, k, std::move(of), then}};
}

/// A cascade spoken to by names, its events dispatched at once.
struct Play {
  explicit Play(std::vector<NodeSpec> nodes) : cascade(*Graph::make(nodes)) {}

  NodeId id(std::string_view name) const { return *cascade.graph().find(name); }
  const MemoryCascade::Node& of(std::string_view name) const { return cascade[id(name)]; }
  void ends(std::string_view name, Outcome outcome) {
    const auto epoch = of(name).phase == Phase::active ? of(name).epoch : cascade.start(id(name)).value_or(-1);
    ASSERT_TRUE(cascade.finish(id(name), epoch, outcome)) << name;
    to_stop = cascade.settle();
    ASSERT_THAT(cascade.broken_invariants(), IsEmpty());
  }

  MemoryCascade cascade;
  std::vector<NodeId> to_stop = {};
};

TEST(MemoryCascade, AFailureSkipsWhatDependsOnItAndNothingElse) {
  Play play({root("a"), root("b"), waiting("on_a", PolicyKind::all_of, {"a", "b"}),
             waiting("below", PolicyKind::all_of, {"on_a"}), waiting("on_b", PolicyKind::all_of, {"b"})});
  play.ends("a", Outcome::failed);
  EXPECT_EQ(play.of("on_a").outcome, Outcome::skipped);
  EXPECT_EQ(play.of("below").outcome, Outcome::skipped);
  EXPECT_EQ(play.of("on_b").phase, Phase::blocked);
  play.ends("b", Outcome::success);
  EXPECT_EQ(play.of("on_b").phase, Phase::runnable);
  EXPECT_EQ(play.of("on_a").group->counters, (Counters{2, 1, 1})) << "late verdicts count";
}

TEST(MemoryCascade, TheFirstOfSeveralStopsTheOthersThatNobodyElseNeeds) {
  Play play({root("a"), root("b"), root("c"), root("d"),
             waiting("first", PolicyKind::any_of, {"a", "b", "c", "d"}, kCancel),
             waiting("other", PolicyKind::all_of, {"d"})});
  play.cascade.start(play.id("b"));
  play.ends("a", Outcome::success);
  EXPECT_EQ(play.of("first").phase, Phase::runnable);
  EXPECT_THAT(play.to_stop, ElementsAre(play.id("b")));
  EXPECT_TRUE(play.of("b").cancel_requested);
  EXPECT_EQ(play.of("c").outcome, Outcome::cancelled) << "it had not begun";
  EXPECT_EQ(play.of("d").phase, Phase::runnable) << "somebody else waits for it";
  play.ends("b", Outcome::success);
  EXPECT_EQ(play.of("b").outcome, Outcome::success) << "it was faster than the request";
}

TEST(MemoryCascade, LettingThemRunStopsNobody) {
  Play play({root("a"), root("b"), waiting("first", PolicyKind::any_of, {"a", "b"})});
  play.ends("a", Outcome::success);
  EXPECT_EQ(play.of("b").phase, Phase::runnable);
  EXPECT_THAT(play.to_stop, IsEmpty());
}

TEST(MemoryCascade, AQuorumThatCannotComeAboutStopsTheRest) {
  Play play({root("a"), root("b"), root("c"), waiting("two", PolicyKind::quorum, {"a", "b", "c"}, kCancel, 2)});
  play.ends("a", Outcome::failed);
  EXPECT_EQ(play.of("two").phase, Phase::blocked);
  play.ends("b", Outcome::expired);
  EXPECT_EQ(play.of("two").outcome, Outcome::skipped);
  EXPECT_EQ(play.of("c").outcome, Outcome::cancelled);
}

TEST(MemoryCascade, HasOneDoorToTheEnd) {
  Play play({root("a"), waiting("b", PolicyKind::all_of, {"a"})});
  const auto epoch = play.cascade.start(play.id("a"));
  ASSERT_TRUE(epoch);
  EXPECT_FALSE(play.cascade.start(play.id("a")));
  EXPECT_FALSE(play.cascade.start(play.id("b")));
  EXPECT_FALSE(play.cascade.finish(play.id("a"), *epoch - 1, Outcome::success)) << "another owner";
  EXPECT_TRUE(play.cascade.finish(play.id("a"), *epoch, Outcome::success));
  EXPECT_FALSE(play.cascade.finish(play.id("a"), *epoch, Outcome::failed));
  EXPECT_FALSE(play.cascade.cancel(play.id("a")));
  EXPECT_EQ(play.cascade.events().size(), 1U);
}

TEST(MemoryCascade, AnEventIsClosedLast) {
  Play play({root("a"), waiting("b", PolicyKind::all_of, {"a"}), waiting("c", PolicyKind::all_of, {"a"})});
  play.cascade.finish(0, *play.cascade.start(0), Outcome::success);
  const NodeId a = 0;
  play.cascade.advance_group(play.id("b"), std::span(&a, 1));
  EXPECT_FALSE(play.cascade.close(play.cascade.events()[0])) << "c does not know yet";
  EXPECT_FALSE(play.cascade.advance_group(play.id("b"))) << "nothing new";
  EXPECT_TRUE(play.cascade.sweep());
  EXPECT_TRUE(play.cascade.events()[0].dispatched);
  EXPECT_EQ(play.of("c").phase, Phase::runnable);
  EXPECT_FALSE(play.cascade.sweep());
}

TEST(MemoryCascade, ARetryRunsTheFailedAndWhatItSkipped) {
  Play play({root("a"), root("b"), waiting("both", PolicyKind::all_of, {"a", "b"}),
             waiting("below", PolicyKind::all_of, {"both"}), waiting("either", PolicyKind::any_of, {"a", "b"})});
  play.ends("b", Outcome::success);
  play.ends("either", Outcome::success);
  play.ends("a", Outcome::failed);
  ASSERT_FALSE(play.cascade.retry({play.id("b")}).has_value()) << "it succeeded";
  const auto again = play.cascade.retry({play.id("a")});
  ASSERT_TRUE(again.has_value());
  EXPECT_THAT(*again, ElementsAre(play.id("a"), play.id("both"), play.id("below")));
  EXPECT_THAT(play.cascade.broken_invariants(), IsEmpty());
  EXPECT_EQ(play.of("either").outcome, Outcome::success) << "decided, and not concerned";
  play.ends("a", Outcome::success);
  EXPECT_EQ(play.of("both").phase, Phase::runnable);
  play.ends("both", Outcome::success);
  play.ends("below", Outcome::success);
  EXPECT_TRUE(play.cascade.is_done());
  EXPECT_EQ(play.cascade.events().size(), 8U) << "five nodes, three of them twice";
}

TEST(MemoryCascade, ALateEdgeIsBornWithTheVerdictOfWhatHasEnded) {
  Play play({root("a"), root("b"), root("c"), waiting("d", PolicyKind::all_of, {"a"})});
  play.ends("b", Outcome::success);
  ASSERT_TRUE(play.cascade.add_edge(play.id("b"), play.id("d")).has_value());
  EXPECT_EQ(play.of("d").group->counters, (Counters{2, 1, 0}));
  ASSERT_TRUE(play.cascade.add_edge(play.id("c"), play.id("d")).has_value());
  play.ends("a", Outcome::success);
  EXPECT_EQ(play.of("d").phase, Phase::blocked) << "c is still awaited";
  play.ends("c", Outcome::success);
  EXPECT_EQ(play.of("d").phase, Phase::runnable);
  ASSERT_TRUE(play.cascade.add_node(root("e")).has_value());
  EXPECT_FALSE(play.cascade.add_edge(play.id("e"), play.id("d")).has_value()) << "d is decided";
  const auto late = play.cascade.add_node(waiting("f", PolicyKind::all_of, {"a", "c"}));
  ASSERT_TRUE(late.has_value());
  EXPECT_EQ(play.cascade[*late].phase, Phase::runnable) << "all that it waits for is there";
  EXPECT_THAT(play.cascade.broken_invariants(), IsEmpty());
}

// -- random graphs

/// Drives a cascade with everything that can go wrong between two commits.
class Storm {
 public:
  /// One seed for how the nodes end, one for the order in which everything happens.
  Storm(std::vector<NodeSpec> nodes, unsigned seed, unsigned order, bool grows = false)
      : cascade(*Graph::make(nodes)), specs(std::move(nodes)), random_(seed * 8 + order), grows_(grows) {
    Random outcomes(seed);
    for (const auto& node : specs) own[node.name] = random_outcome(outcomes);
  }

  void run(std::size_t most_steps) {
    for (std::size_t i = 0; i < most_steps && !cascade.is_done(); ++i) {
      step();
      ASSERT_THAT(cascade.broken_invariants(), IsEmpty());
    }
    while (!cascade.is_done()) {
      const auto before = progress();
      cascade.settle();
      for (const auto id : cascade.runnable()) work(id);
      for (NodeId id = 0; id < cascade.graph().size(); ++id) finish(id);
      ASSERT_THAT(cascade.broken_invariants(), IsEmpty());
      ASSERT_GT(progress(), before) << "it is stuck";
    }
    cascade.settle();
    ASSERT_THAT(cascade.broken_invariants(), IsEmpty());
    for (const auto& event : cascade.events()) ASSERT_TRUE(event.dispatched) << cascade.graph()[event.node].name;
  }

  Outcomes ended() const {
    Outcomes out;
    for (NodeId id = 0; id < cascade.graph().size(); ++id) out[cascade.graph()[id].name] = *cascade[id].outcome;
    return out;
  }

  MemoryCascade cascade;
  std::vector<NodeSpec> specs;  // with what was added
  Outcomes own;

 private:
  std::size_t progress() const {
    std::size_t out = cascade.events().size();
    for (const auto& event : cascade.events()) out += event.dispatched ? 1 : 0;
    for (NodeId id = 0; id < cascade.graph().size(); ++id) out += static_cast<std::size_t>(cascade[id].phase);
    return out;
  }

  NodeId any() { return below(random_, cascade.graph().size()); }

  void work(NodeId id) {
    ASSERT_TRUE(!cascade[id].group || cascade[id].group->state == GroupState::satisfied) << "begun too early";
    cascade.start(id);
  }

  void finish(NodeId id) {
    const auto& node = cascade[id];
    if (node.phase != Phase::active) return;
    ASSERT_FALSE(cascade.finish(id, node.epoch - 1, Outcome::success)) << "a zombie";
    const bool heeds = node.cancel_requested && chance(random_, 70);
    cascade.finish(id, node.epoch, heeds ? Outcome::cancelled : own.at(cascade.graph()[id].name));
  }

  void step() {
    switch (below(random_, grows_ ? 10 : 8)) {
      case 0:
      case 1: {
        const auto ready = cascade.runnable();
        if (!ready.empty()) work(ready[below(random_, ready.size())]);
        break;
      }
      case 2:
      case 3: finish(any()); break;
      case 4:  // in whatever order, and as often as it likes
        if (!cascade.events().empty())
          cascade.dispatch(Event(cascade.events()[below(random_, cascade.events().size())]));
        break;
      case 5: dispatch_in_part(); break;
      case 6:
        if (chance(random_, 30)) cascade.sweep();
        break;
      case 7: cascade.drain_cancels(any()); break;
      default: grow();
    }
  }

  /// The dispatcher dies between two hops.
  void dispatch_in_part() {
    if (cascade.events().empty()) return;
    const auto event = cascade.events()[below(random_, cascade.events().size())];
    for (const auto down : cascade.graph()[event.node].downstreams) {
      if (chance(random_, 50)) cascade.advance_group(down, std::span(&event.node, 1));
    }
    if (chance(random_, 50)) cascade.close(event);
  }

  void grow() {
    if (specs.size() > 25) return;
    if (chance(random_, 50)) {
      const auto node = random_node(random_, specs.size(), specs.size(), false);
      ASSERT_TRUE(cascade.add_node(node).has_value());
      specs.push_back(node);
      own[node.name] = random_outcome(random_);
      return;
    }
    const auto up = any(), down = any();
    if (up == down || !cascade.add_edge(up, down).has_value()) return;
    const auto& graph = cascade.graph();
    const auto grown =
        std::find_if(specs.begin(), specs.end(), [&](const auto& spec) { return spec.name == graph[down].name; });
    grown->depends_on->of.push_back(graph[up].name);
  }

  Random random_;
  bool grows_;
};

TEST(RandomCascade, EndsAsATopologicalEvaluationSaysInAnyOrder) {
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    Random random(seed);
    const auto nodes = random_graph(random, false);
    Outcomes first;
    for (unsigned order = 0; order < 3; ++order) {
      Storm storm(nodes, seed, order);
      storm.run(40 + 60 * order);
      if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
      const auto ended = storm.ended();
      ASSERT_EQ(ended, oracle(nodes, storm.own)) << "seed " << seed;
      if (order == 0) first = ended;
      ASSERT_EQ(ended, first) << "seed " << seed;
    }
  }
}

TEST(RandomCascade, EndsLikewiseWhenNodesAndEdgesComeLate) {
  std::size_t late_edges = 0;
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    Random random(seed * 31);
    const auto nodes = random_graph(random, false);
    Storm storm(nodes, seed, 0, true);
    storm.run(200);
    if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
    ASSERT_EQ(storm.ended(), oracle(storm.specs, storm.own)) << "seed " << seed;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].depends_on) late_edges += storm.specs[i].depends_on->of.size() - nodes[i].depends_on->of.size();
    }
  }
  EXPECT_GT(late_edges, 500U);
}

/// With cancels the outcome depends on who was first; what was decided must still follow from it.
TEST(RandomCascade, CancelsOnlyWhatNobodyNeeds) {
  std::size_t cancelled = 0;
  for (unsigned seed = 1; seed <= 3'000; ++seed) {
    Random random(seed * 17);
    const auto nodes = random_graph(random, true);
    Storm storm(nodes, seed, 0);
    storm.run(120);
    if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
    const auto ended = storm.ended();
    for (const auto& node : nodes) {
      const auto outcome = ended.at(node.name);
      if (outcome == Outcome::cancelled) {
        ++cancelled;
        ASSERT_TRUE(may_be_left_over(node.name, nodes, ended)) << node.name << ", seed " << seed;
      } else if (node.depends_on) {
        ASSERT_EQ(outcome != Outcome::skipped, runs(*node.depends_on, ended)) << node.name << ", seed " << seed;
      }
    }
  }
  EXPECT_GT(cancelled, 500U);
}

TEST(RandomCascade, ARetryEndsAsIfTheFailedHadEndedOtherwise) {
  std::size_t retried = 0;
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    Random random(seed * 13);
    const auto nodes = random_graph(random, false);
    Storm storm(nodes, seed, 0);
    storm.run(60);
    const auto before = storm.ended();
    std::vector<NodeId> failed;
    for (NodeId id = 0; id < storm.cascade.graph().size(); ++id) {
      const auto outcome = storm.cascade[id].outcome;
      if ((outcome == Outcome::failed || outcome == Outcome::expired) && chance(random, 70)) failed.push_back(id);
    }
    const auto again = storm.cascade.retry(failed);
    ASSERT_TRUE(again.has_value());
    auto stays = before;
    for (const auto id : *again) {
      const auto& name = storm.cascade.graph()[id].name;
      stays.erase(name);
      storm.own[name] = chance(random, 80) ? Outcome::success : Outcome::failed;
    }
    storm.run(80);
    if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
    ASSERT_EQ(storm.ended(), oracle(nodes, storm.own, stays)) << "seed " << seed;
    retried += again->size();
  }
  EXPECT_GT(retried, 2'000U);
}

}  // namespace
}  // namespace rivet::cascade
