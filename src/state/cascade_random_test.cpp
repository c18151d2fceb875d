// SPDX-License-Identifier: Apache-2.0
// Acceptance (a) and (e): random graphs, worked on by several threads of which each has its own connection, whose
// workers die, lie and come back, whose events are told in any order, in part, twice or not at all; in the end
// everything is as the oracle says. RIVET_SOAK makes many more of them.
#include <set>

#include "cascade/oracle.hpp"
#include "state/cascade_fixture.hpp"

namespace rivet::cascade {
namespace {

using testing::below;
using testing::chance;
using ::testing::IsEmpty;
using testing::Outcomes;
using testing::Random;

class CascadeRandom : public CascadeTest {
 protected:
  static bool soaks() { return std::getenv("RIVET_SOAK") != nullptr; }
  Outcomes ended(const std::string& run_id) const {
    Outcomes out;
    for (const auto& one : value_of(cascade_->nodes(run_id))) {
      EXPECT_TRUE(one.outcome) << run_id << " " << one.name << " is stuck";
      if (one.outcome) out[one.name] = *one.outcome;
    }
    return out;
  }
};

/// One process of several: claims, ends, tells, sweeps, dies, whatever comes.
class Actor {
 public:
  /// What each node of each run ends with when it runs.
  using Plans = std::map<std::string, Outcomes>;

  Actor(std::unique_ptr<Store> store, const Plans& plans, unsigned seed)
      : store_(std::move(store)), plans_(plans), random_(seed), owner_("w" + std::to_string(seed)) {}

  void step() {
    switch (below(random_, 12)) {
      case 0:
      case 1:
      case 2: claim(); break;
      case 3:
      case 4:
      case 5: finish(); break;
      case 6: tell_in_part(); break;
      case 7: must(sweep(*store_, {.scope = {}, .limit = 1 + static_cast<int>(below(random_, 20))})); break;
      case 8: die(); break;
      case 9: zombie(); break;
      case 10: reconcile(); break;
      default: beat();
    }
  }

  /// Does what is left, without dying.
  bool finish_all() {
    claim();
    bool worked = !held_.empty();
    while (!held_.empty()) finish();
    for (;;) {
      const auto swept = must(sweep(*store_, {}));
      if (swept.scanned == 0) break;
      worked = true;
    }
    reconcile();
    return worked;
  }

  std::vector<std::string> problems;

 private:
  template <class T>
  T must(Result<T> result) {
    if (result) return std::move(result).take();
    problems.push_back(result.error().to_string());
    return {};
  }

  void claim() {
    for (auto& one : must(store_->claim({.owner = owner_}, 1 + static_cast<int>(below(random_, 4))))) {
      const auto group = must(store_->group(one.node.node_id));
      if (group && group->state != GroupState::satisfied) problems.push_back(one.node.name + " was begun too early");
      held_.push_back(one.node);
    }
  }

  NodeRecord pick() {
    std::swap(held_[below(random_, held_.size())], held_.back());
    auto out = held_.back();
    held_.pop_back();
    return out;
  }

  void finish() {
    if (held_.empty()) return;
    const auto one = pick();
    if (chance(random_, 10)) {
      must(store_->give_back(one.node_id, one.epoch, 0us, "", true));
    } else {
      end(one);
      if (chance(random_, 20)) end(one);  // the first answer was lost
      if (chance(random_, 50)) must(follow(*store_, {one.node_id}, 1 + static_cast<int>(below(random_, 5))));
    }
    if (chance(random_, 20)) past_.push_back(one);
  }

  void end(const NodeRecord& one) {
    const auto now = must(store_->node(one.node_id));
    const bool heeds = now && now->cancel_requested_at && chance(random_, 70);
    const auto outcome = heeds ? Outcome::cancelled : plans_.at(one.run_id).at(one.name);
    must(chance(random_, 50) ? store_->finish(one.node_id, one.epoch, outcome, "")
                             : cascade::finish(*store_, one.node_id, one.epoch, outcome, ""));
  }

  /// Some hops of some events, in any order, each perhaps twice, and the events perhaps closed.
  void tell_in_part() {
    auto events = must(store_->take_events({.scope = {}, .limit = 5})).events;
    std::shuffle(events.begin(), events.end(), random_);
    for (const auto& event : events) {
      auto downs = must(store_->unaware_of({event.node_id}));
      std::shuffle(downs.begin(), downs.end(), random_);
      for (const auto down : downs) {
        for (int times = static_cast<int>(below(random_, 3)); times > 0; --times) {
          must(store_->advance({down}, chance(random_, 70) ? std::vector{event.node_id} : std::vector<StoredNode>{}));
        }
      }
    }
    if (chance(random_, 50)) must(store_->close(events));
    if (chance(random_, 30) && !store_->put_off(events, "dropped")) problems.emplace_back("cannot put off");
  }

  /// What it held is somebody else's before it knows.
  void die() {
    if (held_.empty()) return;
    past_.insert(past_.end(), held_.begin(), held_.end());
    for (const auto& one : held_) must(store_->heartbeat({{one.node_id, one.epoch}}, 0us));
    held_.clear();
    must(store_->expire_leases(100));
  }

  void zombie() {
    if (past_.empty()) return;
    const auto& one = past_[below(random_, past_.size())];
    const auto before = must(store_->node(one.node_id));
    const auto outcome = plans_.at(one.run_id).at(one.name);
    const bool accepted =
        must(chance(random_, 50) ? store_->finish(one.node_id, one.epoch, outcome, "zombie")
                                 : cascade::finish(*store_, one.node_id, one.epoch, outcome, "zombie"));
    if (accepted && before && before->epoch != one.epoch) problems.push_back("a zombie ended " + one.name);
  }

  void reconcile() {
    Reconcilers reconcilers(*store_, {.settled = 3'600'000ms, .grace = 3'600'000ms});
    for (const auto one : {Reconciler::leases, Reconciler::cancels, Reconciler::groups, Reconciler::nodes}) {
      const auto report = reconcilers.tick(one);
      if (report.errors > 0) problems.push_back(std::string(name_of(one)) + report.last_error);
    }
  }

  void beat() {
    std::vector<std::pair<StoredNode, std::int64_t>> held;
    for (const auto& one : held_) held.emplace_back(one.node_id, one.epoch);
    const auto lost = must(store_->heartbeat(held, 3'600s)).lost;
    std::erase_if(
        held_, [&](const NodeRecord& one) { return std::find(lost.begin(), lost.end(), one.node_id) != lost.end(); });
  }

  std::unique_ptr<Store> store_;
  const Plans& plans_;
  Random random_;
  std::string owner_;
  std::vector<NodeRecord> held_, past_;
};

/// Graphs and what their nodes come to.
struct Storm {
  std::map<std::string, std::vector<NodeSpec>> graphs;
  Actor::Plans plans;
};

class CascadeStorm : public CascadeRandom {
 protected:
  Storm submit_some(unsigned seed, int runs, bool may_cancel) {
    Storm storm;
    Random random(seed);
    for (int i = 0; i < runs; ++i) {
      const auto run_id = "r" + std::to_string(seed) + "_" + std::to_string(i);
      const auto& nodes = storm.graphs[run_id] = testing::random_graph(random, may_cancel, 16);
      for (const auto& one : nodes) storm.plans[run_id][one.name] = testing::random_outcome(random);
      auto graph = submission(nodes, run_id);
      graph.max_attempts = 1'000'000;
      value_of(cascade_->submit(graph));
    }
    return storm;
  }

  /// Several actors for some steps each, and the invariants looked at all the while; then the rest in peace.
  void rage(const Storm& storm, unsigned seed, int actors, int steps) {
    std::mutex mutex;
    std::vector<std::string> problems;
    std::atomic<int> working = actors;
    at_once(actors + 1, [&](int i) {
      if (i == actors) {
        const auto watcher = open_cascade();
        std::vector<std::string> broken;
        while (working > 0 && broken.empty()) broken = broken_invariants(*watcher);
        const std::scoped_lock lock(mutex);
        problems.insert(problems.end(), broken.begin(), broken.end());
        return;
      }
      Actor actor(open_cascade(), storm.plans, seed * 100 + static_cast<unsigned>(i));
      for (int step = 0; step < steps; ++step) actor.step();
      --working;
      const std::scoped_lock lock(mutex);
      problems.insert(problems.end(), actor.problems.begin(), actor.problems.end());
    });
    Actor last(open_cascade(), storm.plans, seed);
    do {
      change("UPDATE node SET not_before = NULL, lease_until = CASE WHEN phase = 'active' THEN 1 END");
      change("UPDATE outbox SET soft_until = 0");
    } while (last.finish_all());
    problems.insert(problems.end(), last.problems.begin(), last.problems.end());
    EXPECT_THAT(problems, IsEmpty()) << "seed " << seed;
    EXPECT_THAT(broken_invariants(*cascade_), IsEmpty()) << "seed " << seed;
    EXPECT_EQ(count("outbox WHERE dispatched_at IS NULL"), 0) << "seed " << seed;
    EXPECT_EQ(count("alarm"), 0) << "seed " << seed;
  }

  unsigned seeds() const { return soaks() ? 200 : 2; }
  static constexpr int kRuns = 12, kActors = 4, kSteps = 120;
};

TEST_F(CascadeStorm, EndsAsTheOracleSaysWhateverDies) {
  for (unsigned seed = 1; seed <= seeds() && !HasFailure(); ++seed) {
    const auto storm = submit_some(seed, kRuns, false);
    rage(storm, seed, kActors, kSteps);
    for (const auto& [run_id, nodes] : storm.graphs) {
      EXPECT_EQ(ended(run_id), testing::oracle(nodes, storm.plans.at(run_id))) << run_id;
    }
  }
}

/// Acceptance (k): a second round, of which some fails again.
TEST_F(CascadeStorm, ARetryRunsWhatFailedAndWhatWaitedForItAndNothingElse) {
  std::size_t kept = 0, again = 0;
  for (unsigned seed = 1; seed <= seeds() && !HasFailure(); ++seed) {
    auto storm = submit_some(1'000 + seed, kRuns, false);
    rage(storm, 1'000 + seed, kActors, kSteps);
    Random random(seed);
    std::map<StoredNode, NodeRecord> before;
    for (auto& [run_id, plan] : storm.plans) {
      bool failed = false;
      for (auto& one : value_of(cascade_->nodes(run_id))) {
        const bool ran_badly = one.outcome != Outcome::success && one.outcome != Outcome::skipped;
        if (ran_badly) plan[one.name] = testing::random_outcome(random);
        failed = failed || ran_badly;
        before.emplace(one.node_id, one);
      }
      if (failed) value_of(cascade_->retry(run_id, {}));
    }
    rage(storm, 2'000 + seed, kActors, kSteps);
    for (const auto& [run_id, nodes] : storm.graphs) {
      EXPECT_EQ(ended(run_id), testing::oracle(nodes, storm.plans.at(run_id))) << run_id;
      for (const auto& one : value_of(cascade_->nodes(run_id))) {
        const auto& was = before.at(one.node_id);
        const bool stays = was.outcome == Outcome::success;
        EXPECT_EQ(one.round, was.round + (stays ? 0 : 1)) << run_id << " " << one.name;
        if (stays) {
          EXPECT_EQ(one.epoch, was.epoch) << run_id << " " << one.name;
        }
        ++(stays ? kept : again);
      }
    }
  }
  EXPECT_GT(kept, 0U);
  EXPECT_GT(again, 0U);
}

/// With cancels the outcome depends on who was first; what was decided must still follow from it.
TEST_F(CascadeStorm, CancelsOnlyWhatNobodyNeedsWhateverDies) {
  std::size_t cancelled = 0;
  for (unsigned seed = 1; seed <= seeds() && !HasFailure(); ++seed) {
    const auto storm = submit_some(seed, kRuns, true);
    rage(storm, seed, kActors, kSteps);
    for (const auto& [run_id, nodes] : storm.graphs) {
      const auto outcomes = ended(run_id);
      for (const auto& one : nodes) {
        const auto outcome = outcomes.at(one.name);
        if (outcome == Outcome::cancelled) {
          ++cancelled;
          EXPECT_TRUE(testing::may_be_left_over(one.name, nodes, outcomes)) << run_id << " " << one.name;
        } else if (one.depends_on) {
          EXPECT_EQ(outcome != Outcome::skipped, testing::runs(*one.depends_on, outcomes)) << run_id << " " << one.name;
        }
      }
    }
  }
  EXPECT_GT(cancelled, 0U);
}

}  // namespace
}  // namespace rivet::cascade
