// SPDX-License-Identifier: Apache-2.0
// What people ask of runs: another round, an end, a pause, and to be forgotten.
#include "state/cascade_fixture.hpp"

namespace rivet::cascade {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CascadeOperators : public CascadeTest {
 protected:
  RunState closed_as(const std::string& run_id) {
    for (const auto& run : value_of(cascade_->close_runs(100))) {
      if (run.run_id == run_id) return run.state;
    }
    return RunState::open;
  }
};

// -- another round

TEST_F(CascadeOperators, ARetryRunsTheFailedAndWhatItSkippedAndNothingElse) {
  submit({root("a"), root("b"), waiting("both", PolicyKind::all_of, {"a", "b"}),
          waiting("below", PolicyKind::all_of, {"both"}), waiting("either", PolicyKind::any_of, {"a", "b"})});
  ends("b", Outcome::success);
  ends("either", Outcome::success);
  const auto epoch = take("a");
  ends("a", Outcome::failed);
  EXPECT_EQ(closed_as("r1"), RunState::failed);
  EXPECT_THAT(value_of(cascade_->retry("r1", {})), ElementsAre("a", "both", "below"));
  EXPECT_EQ(value_of(cascade_->run("r1"))->state, RunState::open);
  EXPECT_FALSE(value_of(cascade_->run("r1"))->closed_at);
  EXPECT_EQ(node("a").round, 1);
  EXPECT_EQ(node("a").attempts, 0);
  EXPECT_EQ(node("a").reason, "");
  EXPECT_FALSE(value_of(cascade_->finish(id("a"), epoch, Outcome::success, ""))) << "a zombie of the first round";
  EXPECT_EQ(phase("both"), Phase::blocked);
  EXPECT_EQ(group("both").counters, (Counters{2, 1, 0})) << "b still counts";
  EXPECT_EQ(group("below").counters, (Counters{1, 0, 0}));
  EXPECT_EQ(outcome("either"), Outcome::success);
  EXPECT_EQ(group("either").counters, (Counters{2, 1, 1})) << "it was decided, and stays so";
  EXPECT_THAT(broken_invariants(*cascade_), IsEmpty());
  ends("a", Outcome::failed);
  EXPECT_EQ(outcome("below"), Outcome::skipped);
  EXPECT_THAT(value_of(cascade_->retry("r1", {"a"})), ElementsAre("a", "both", "below")) << "a second round";
  for (const auto* name : {"a", "both", "below"}) ends(name, Outcome::success);
  EXPECT_EQ(closed_as("r1"), RunState::done);
  EXPECT_EQ(count("outbox"), 11) << "five nodes, three of them three times";
  EXPECT_EQ(count("outbox WHERE dispatched_at IS NULL"), 0);
}

TEST_F(CascadeOperators, ARetryBeforeTheEndWasToldIsNotUndoneByIt) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"})});
  end("a", Outcome::failed);
  EXPECT_THAT(value_of(cascade_->retry("r1", {"a"})), ElementsAre("a"));
  settle();
  EXPECT_EQ(phase("b"), Phase::blocked);
  EXPECT_EQ(group("b").counters, (Counters{1, 0, 0}));
  EXPECT_EQ(count("outbox WHERE dispatched_at IS NULL"), 0) << "the event of an earlier round is closed";
  ends("a", Outcome::success);
  EXPECT_EQ(phase("b"), Phase::runnable);
}

TEST_F(CascadeOperators, RetriesWhatIsNamed) {
  submit({root("a"), root("b"), waiting("c", PolicyKind::all_of, {"a"}), waiting("d", PolicyKind::all_of, {"b"}),
          waiting("e", PolicyKind::all_of, {"a", "b"})});
  ends("a", Outcome::failed);
  ends("b", Outcome::failed);
  EXPECT_THAT(value_of(cascade_->retry("r1", {"a"})), ElementsAre("a", "c", "e"));
  EXPECT_EQ(outcome("e"), Outcome::skipped) << "b failed, and was not retried";
  EXPECT_EQ(node("e").round, 1);
  settle();
  EXPECT_EQ(phase("c"), Phase::blocked);
  EXPECT_EQ(outcome("d"), Outcome::skipped);
}

TEST_F(CascadeOperators, RefusesToRetryWhatDidNotFail) {
  submit({root("a"), root("b")});
  const auto refused = [&](const std::string& run_id, const std::vector<std::string>& names) {
    const auto result = cascade_->retry(run_id, names);
    EXPECT_FALSE(result.has_value());
    return result ? "" : result.error().code.empty() ? result.error().message : result.error().code;
  };
  EXPECT_EQ(refused("r2", {}), "there is no run 'r2'");
  EXPECT_EQ(refused("r1", {"x"}), "run r1 has no node 'x'");
  EXPECT_EQ(refused("r1", {"a"}), "RIVET_NOTHING_TO_RETRY") << "it has not ended";
  ends("a", Outcome::success);
  ends("b", Outcome::failed);
  EXPECT_EQ(refused("r1", {"b", "a"}), "RIVET_NOTHING_TO_RETRY") << "it succeeded";
  EXPECT_EQ(node("b").round, 0) << "all or nothing";
  value_of(cascade_->retry("r1", {}));
  EXPECT_EQ(refused("r1", {}), "RIVET_NOTHING_TO_RETRY") << "it is being tried again";
}

/// Skips come while another round is asked for; whatever was skipped by then takes part in it.
TEST_F(CascadeOperators, ARetryAndTheSkipsThatGoOnEndInOneOfTwoWays) {
  for (int round = 0; round < (state::has_server() ? 30 : 10); ++round) {
    const auto run_id = "r" + std::to_string(round);
    submit({root("a"), waiting("b", PolicyKind::all_of, {"a"}), waiting("c", PolicyKind::all_of, {"b"})}, run_id);
    end("a", Outcome::failed, run_id);
    const auto a = id("a", run_id);
    at_once(2, [&](int i) {
      if (i == 0) {
        value_of(cascade_->retry(run_id, {"a"}));
      } else {
        const auto other = open_cascade();
        value_of(follow(*other, {a}));
      }
    });
    settle();
    for (const auto* name : {"b", "c"}) EXPECT_EQ(node(name, run_id).phase, Phase::blocked) << run_id << name;
    EXPECT_EQ(node("a", run_id).phase, Phase::runnable);
  }
}

// -- an end

TEST_F(CascadeOperators, CancellingARunEndsWhatHasNotBegunAndAsksTheRest) {
  submit({root("a"), root("b"), root("c"), waiting("d", PolicyKind::all_of, {"a", "b"}),
          waiting("e", PolicyKind::all_of, {"d"})});
  ends("a", Outcome::success);
  const auto b = take("b");
  EXPECT_EQ(value_of(cascade_->cancel("r1", std::nullopt)), 4);
  EXPECT_EQ(outcome("c"), Outcome::cancelled);
  EXPECT_EQ(outcome("d"), Outcome::cancelled);
  EXPECT_EQ(outcome("e"), Outcome::cancelled);
  EXPECT_EQ(group("d").state, GroupState::cancelled);
  EXPECT_EQ(node("c").reason, "cancelled on request");
  EXPECT_EQ(phase("b"), Phase::active);
  EXPECT_TRUE(node("b").cancel_requested_at);
  EXPECT_TRUE(value_of(cascade_->run("r1"))->cancel_requested_at);
  EXPECT_EQ(value_of(cascade_->cancel("r1", std::nullopt)), 1) << "b is still there";
  EXPECT_EQ(closed_as("r1"), RunState::open);
  EXPECT_TRUE(value_of(cascade_->finish(id("b"), b, Outcome::cancelled, "")));
  settle();
  EXPECT_EQ(closed_as("r1"), RunState::cancelled);
  EXPECT_EQ(value_of(cascade_->cancel("r1", std::nullopt)), 0);
  EXPECT_EQ(count("outbox"), 5);
  EXPECT_EQ(count("outbox WHERE dispatched_at IS NULL"), 0);
  EXPECT_EQ(cascade_->cancel("r2", std::nullopt).error().message, "there is no run 'r2'");
}

TEST_F(CascadeOperators, CancellingANodeSkipsWhatNeedsIt) {
  submit({root("a"), root("b"), waiting("c", PolicyKind::all_of, {"a"}), waiting("d", PolicyKind::any_of, {"a", "b"})});
  EXPECT_EQ(value_of(cascade_->cancel("r1", "a")), 1);
  EXPECT_EQ(value_of(cascade_->cancel("r1", "a")), 0);
  EXPECT_FALSE(cascade_->cancel("r1", "x").has_value());
  settle();
  EXPECT_EQ(outcome("c"), Outcome::skipped);
  EXPECT_EQ(node("c").reason, "'a' cancelled");
  EXPECT_EQ(phase("d"), Phase::blocked);
  EXPECT_FALSE(value_of(cascade_->run("r1"))->cancel_requested_at);
  EXPECT_THAT(value_of(cascade_->retry("r1", {"a"})), ElementsAre("a", "c"));
}

/// Nodes change hands while they are cancelled; none is forgotten.
TEST_F(CascadeOperators, CancellingMissesNobody) {
  for (int round = 0; round < (state::has_server() ? 20 : 6); ++round) {
    const auto run_id = "r" + std::to_string(round);
    std::vector<NodeSpec> nodes;
    for (int i = 0; i < 12; ++i) nodes.push_back(root("n" + std::to_string(i)));
    submit(nodes, run_id, run_id);
    at_once(3, [&](int i) {
      const auto mine = open_cascade();
      if (i == 0) {
        EXPECT_GT(value_of(mine->cancel(run_id, std::nullopt)), 0);
        return;
      }
      for (int turn = 0; turn < 6; ++turn) {
        for (const auto& one : value_of(mine->claim(claimer("w", {.name_space = run_id}), 4))) {
          value_of(mine->give_back(one.node.node_id, one.node.epoch, 0us, "", true));
        }
      }
    });
    EXPECT_EQ(count("node WHERE run_id = '" + run_id + "' AND cancel_requested_at IS NULL"), 0) << run_id;
    EXPECT_EQ(count("node WHERE run_id = '" + run_id + "' AND phase = 'runnable'"), 0) << run_id;
  }
}

TEST_F(CascadeOperators, APausedRunIsNotClaimed) {
  submit({root("a"), root("b")});
  submit({root("x")}, "r2");
  take("a");
  ASSERT_TRUE(cascade_->pause("r1", true).has_value());
  EXPECT_TRUE(value_of(cascade_->run("r1"))->paused);
  EXPECT_THAT(names_of(claim(10)), ElementsAre("x"));
  ASSERT_TRUE(cascade_->pause("r1", false).has_value());
  EXPECT_THAT(names_of(claim(10)), ElementsAre("b"));
  for (const auto* name : {"a", "b"}) ends(name, Outcome::success);
  EXPECT_EQ(closed_as("r1"), RunState::done);
  const auto refused = cascade_->pause("r1", true);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::config);
  EXPECT_EQ(refused.error().message, "run r1 is not open: it is done");
  EXPECT_FALSE(cascade_->pause("r3", true).has_value());
}

// -- closing and forgetting

TEST_F(CascadeOperators, ARunIsClosedWhenAllOfItHasEnded) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"})}, "good");
  submit({root("a"), root("c")}, "bad");
  submit({root("a"), root("c"), waiting("b", PolicyKind::any_of, {"a", "c"}, OnSatisfied::cancel_remaining)},
         "left_over");
  submit({root("a")}, "late");
  EXPECT_FALSE(value_of(cascade_->due({}, 0us)).runs);
  ends("a", Outcome::success, "good");
  EXPECT_THAT(value_of(cascade_->close_runs(10)), IsEmpty());
  ends("b", Outcome::success, "good");
  EXPECT_TRUE(value_of(cascade_->due({}, 0us)).runs);
  EXPECT_EQ(closed_as("good"), RunState::done);
  EXPECT_TRUE(value_of(cascade_->run("good"))->closed_at);
  ends("a", Outcome::expired, "bad");
  ends("c", Outcome::success, "bad");
  EXPECT_EQ(closed_as("bad"), RunState::failed);
  ends("a", Outcome::success, "left_over");
  value_of(cascade_->drain(id("b", "left_over")));
  ends("b", Outcome::success, "left_over");
  EXPECT_EQ(closed_as("left_over"), RunState::done) << "nobody asked for an end";
  value_of(cascade_->cancel("late", std::nullopt));
  EXPECT_EQ(closed_as("late"), RunState::cancelled);
  EXPECT_TRUE(value_of(cascade_->has_work({}))) << "nobody has told of the ends";
  value_of(sweep(*cascade_, {}));
  EXPECT_FALSE(value_of(cascade_->has_work({})));
}

TEST_F(CascadeOperators, ListsRunsWithTheirCounts) {
  submit({root("a"), root("b"), root("c"), waiting("d", PolicyKind::all_of, {"a", "b", "c"})});
  submit({root("x")}, "r2");
  ends("x", Outcome::success, "r2");
  EXPECT_EQ(closed_as("r2"), RunState::done);
  take("b");
  ends("a", Outcome::success);
  const auto open = value_of(cascade_->runs(true, 10));
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].run.run_id, "r1");
  EXPECT_EQ(open[0].blocked, 1);
  EXPECT_EQ(open[0].runnable, 1);
  EXPECT_EQ(open[0].active, 1);
  EXPECT_EQ(open[0].succeeded, 1);
  EXPECT_EQ(open[0].negative, 0);
  const auto all = value_of(cascade_->runs(false, 10));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].run.run_id, "r2") << "the latest first";
  EXPECT_EQ(value_of(cascade_->runs(false, 1)).size(), 1U);
}

TEST_F(CascadeOperators, OldRunsAreForgottenWithAllThatBelongsToThem) {
  submit({root("a"), waiting("b", PolicyKind::all_of, {"a"})}, "old");
  submit({root("a")}, "recent");
  submit({root("a")}, "open");
  const auto epoch = take("a", "old");
  value_of(cascade_->attach(id("a", "old"), epoch, "orders", "x1"));
  ends("a", Outcome::success, "old");
  ends("b", Outcome::success, "old");
  ends("a", Outcome::success, "recent");
  ASSERT_TRUE(cascade_->raise({.reconciler = "R2", .run_id = "old", .message = "m"}).has_value());
  EXPECT_EQ(value_of(cascade_->close_runs(10)).size(), 2U);
  change("UPDATE cascade_run SET closed_at = closed_at - 7200000000 WHERE run_id = 'old'");
  EXPECT_EQ(value_of(cascade_->forget_runs(3'600s)), 1);
  EXPECT_EQ(value_of(cascade_->forget_runs(3'600s)), 0);
  EXPECT_FALSE(value_of(cascade_->run("old")));
  EXPECT_EQ(count("cascade_run"), 2);
  EXPECT_EQ(count("node"), 2);
  EXPECT_EQ(count("dep_group") + count("dep_edge") + count("node_run") + count("alarm"), 0);
  EXPECT_EQ(count("outbox"), 1);
  EXPECT_EQ(count("node_attempt"), 1);
}

}  // namespace
}  // namespace rivet::cascade
