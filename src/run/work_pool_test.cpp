// SPDX-License-Identifier: Apache-2.0
// Who may run beside whom.
#include "run/work_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace rivet::run {
namespace {

using testing::ElementsAre;

WorkItem named(const std::string& name) {
  return {.run = [name](const OutcomeHandler& handle, const std::stop_token&) {
    report::RunOutcome outcome{.export_name = name};
    handle(outcome);
    return std::vector{outcome};
  }};
}

std::vector<std::string> names(const std::vector<report::RunOutcome>& outcomes) {
  std::vector<std::string> out;
  for (const auto& outcome : outcomes) out.push_back(outcome.export_name);
  return out;
}

TEST(WorkPool, KeepsTheOrderOfOutcomes) {
  int handled = 0;
  const auto outcomes = work_off({named("a"), named("b"), named("c")}, 2, {}, [&](const auto&) { ++handled; });
  EXPECT_THAT(names(outcomes), ElementsAre("a", "b", "c"));
  EXPECT_EQ(handled, 3);
}

TEST(WorkPool, RunsHeavyItemsOneAtATimeAndOthersBesideThem) {
  std::atomic<int> heavy{0}, most_heavy{0}, running{0}, most{0};
  const auto item = [&](bool alone) {
    return WorkItem{.run =
                        [&, alone](const OutcomeHandler&, const std::stop_token&) {
                          if (alone) most_heavy = std::max(most_heavy.load(), ++heavy);
                          most = std::max(most.load(), ++running);
                          std::this_thread::sleep_for(std::chrono::milliseconds(20));
                          --running;
                          if (alone) --heavy;
                          return std::vector<report::RunOutcome>{};
                        },
                    .alone = alone};
  };
  work_off({item(true), item(true), item(true), item(false), item(false)}, 3, {}, [](const auto&) {});
  EXPECT_EQ(most_heavy, 1);
  EXPECT_GE(most, 2);
}

TEST(WorkPool, BeginsNothingAfterAStop) {
  std::stop_source stop;
  const WorkItem stops{.run = [&](const OutcomeHandler&, const std::stop_token&) {
    stop.request_stop();
    return std::vector{report::RunOutcome{.export_name = "first"}};
  }};
  EXPECT_THAT(names(work_off({stops, named("second")}, 1, stop.get_token(), [](const auto&) {})), ElementsAre("first"));
}

/// Items for the nodes of a graph, which end as it is said of them.
struct Command {
  explicit Command(const std::vector<cascade::NodeSpec>& nodes) : agenda(std::move(*cascade::Graph::make(nodes))) {
    for (cascade::NodeId id = 0; id < agenda.graph().size(); ++id) {
      const auto name = agenda.graph()[id].name;
      items.push_back({.run = [this, name](const OutcomeHandler& handle,
                                           const std::stop_token& stop) { return run(name, handle, stop); },
                       .node = id,
                       .leave_out =
                           [name](const std::string& why) {
                             return report::RunOutcome{.export_name = name, .status = "skipped", .skip_reason = why};
                           }});
    }
  }

  std::vector<report::RunOutcome> run(const std::string& name, const OutcomeHandler& handle,
                                      const std::stop_token& stop) {
    {
      const std::scoped_lock lock(mutex);
      began.push_back(name);
    }
    report::RunOutcome outcome{.export_name = name, .status = failing.contains(name) ? "failed" : "success"};
    if (endless.contains(name)) {
      endless_runs = true;
      while (!stop.stop_requested()) std::this_thread::yield();
      outcome.status = "interrupted";
      outcome.error = Error{.kind = ErrorKind::cancelled, .message = "stopped"};
    } else if (!endless.empty()) {
      while (!endless_runs) std::this_thread::yield();
    }
    handle(outcome);
    return {outcome};
  }

  std::map<std::string, report::RunOutcome> work(int at_once) {
    std::map<std::string, report::RunOutcome> out;
    std::size_t told = 0;
    for (const auto& outcome : work_off(
             items, at_once, {}, [&](const auto&) { ++told; }, agenda)) {
      out[outcome.export_name] = outcome;
    }
    EXPECT_EQ(told, items.size());
    return out;
  }

  Agenda agenda;
  std::set<std::string> failing, endless;
  std::atomic<bool> endless_runs = false;
  std::mutex mutex;
  std::vector<std::string> began;
  std::vector<WorkItem> items;
};

cascade::NodeSpec after(std::string name, std::vector<std::string> of,
                        cascade::PolicyKind kind = cascade::PolicyKind::all_of,
                        cascade::OnSatisfied then = cascade::OnSatisfied::let_run) {
  return {.name = std::move(name), .depends_on = cascade::Dependencies{kind, 0, std::move(of), then}};
}

TEST(WorkPool, BeginsWhatDependsOnOthersAfterThem) {
  for (const int at_once : {1, 3}) {
    Command command(
        {after("last", {"left", "right"}), after("left", {"first"}), after("right", {"first"}), {.name = "first"}});
    command.work(at_once);
    ASSERT_EQ(command.began.size(), 4U);
    EXPECT_EQ(command.began.front(), "first");
    EXPECT_EQ(command.began.back(), "last");
  }
}

TEST(WorkPool, TellsWhatItLeavesOutAndWhy) {
  Command command(
      {{.name = "a"}, {.name = "b"}, after("on_a", {"a", "b"}), after("below", {"on_a"}), after("on_b", {"b"})});
  command.failing = {"a"};
  const auto outcomes = command.work(2);
  EXPECT_EQ(outcomes.at("on_a").skip_reason, "'a' failed");
  EXPECT_EQ(outcomes.at("below").skip_reason, "'on_a' was skipped ('a' failed)");
  EXPECT_EQ(outcomes.at("on_b").status, "success");
}

TEST(WorkPool, StopsWhatIsNotNeededAnyMore) {
  Command command(
      {{.name = "slow"},
       {.name = "quick"},
       after("first", {"slow", "quick"}, cascade::PolicyKind::any_of, cascade::OnSatisfied::cancel_remaining)});
  command.endless = {"slow"};
  const auto outcomes = command.work(2);
  EXPECT_EQ(outcomes.at("slow").status, "skipped");
  EXPECT_TRUE(outcomes.at("slow").not_needed);
  EXPECT_FALSE(outcomes.at("slow").error) << "the command does not fail of it";
  EXPECT_EQ(outcomes.at("slow").skip_reason, "not needed: 'first' has what it waited for");
  EXPECT_EQ(outcomes.at("first").status, "success");
}

}  // namespace
}  // namespace rivet::run
