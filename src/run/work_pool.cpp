// SPDX-License-Identifier: Apache-2.0
// A worker takes the next item that may begin; one worker is the sequential case.
#include "run/work_pool.hpp"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/linked_stop.hpp"

namespace rivet::run {
namespace {

class Workers {
 public:
  Workers(const std::vector<WorkItem>& items, std::stop_token stop, const OutcomeHandler& handle, Agenda& agenda)
      : items_(items),
        stop_(std::move(stop)),
        handle_(handle),
        agenda_(agenda),
        taken_(items.size()),
        stops_(items.size()),
        why_stopped_(items.size()),
        outcomes_(items.size()) {}

  void work() {
    while (const auto taken = take()) {
      const auto& [index, why_not] = *taken;
      if (why_not) {
        tell({items_[index].leave_out(*why_not)}, index);
      } else {
        run(index);
      }
    }
  }

  std::vector<report::RunOutcome> outcomes() && {
    std::vector<report::RunOutcome> out;
    for (auto& outcomes : outcomes_) std::move(outcomes.begin(), outcomes.end(), std::back_inserter(out));
    return out;
  }

 private:
  struct Taken {
    std::size_t index;
    std::optional<std::string> why_not;  ///< it is not to be run
  };

  std::optional<Taken> take() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (stop_.stop_requested()) return std::nullopt;
      bool left = false;
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (taken_[i]) continue;
        left = true;
        if (auto taken = take(i)) return taken;
      }
      if (!left || running_ == 0) return std::nullopt;
      ended_.wait(lock, stop_, [this, seen = ends_] { return ends_ != seen; });
    }
  }

  /// REQUIRES: mutex_ is held.
  std::optional<Taken> take(std::size_t index) {
    const auto& item = items_[index];
    const auto turn = agenda_.turn_of(item.node);
    if (turn == Agenda::Turn::wait || (turn == Agenda::Turn::begin && item.alone && alone_runs_)) return std::nullopt;
    taken_[index] = true;
    if (turn == Agenda::Turn::leave_out) return Taken{index, agenda_.why_left_out(item.node)};
    agenda_.begin(item.node);
    alone_runs_ = alone_runs_ || item.alone;
    ++running_;
    stops_[index] = std::make_unique<base::LinkedStop>(stop_);
    return Taken{index, std::nullopt};
  }

  void run(std::size_t index) {
    auto outcomes = items_[index].run([&](const report::RunOutcome& outcome) { handle(excused(outcome, index)); },
                                      stops_[index]->token());
    for (auto& outcome : outcomes) outcome = excused(std::move(outcome), index);
    outcomes_[index] = std::move(outcomes);
    for (const auto& stop : give_back(index)) std::stop_source(stop).request_stop();
  }

  void tell(std::vector<report::RunOutcome> outcomes, std::size_t index) {
    outcomes_[index] = std::move(outcomes);
    handle(outcomes_[index].front());
  }

  report::RunOutcome excused(report::RunOutcome outcome, std::size_t index) {
    const std::scoped_lock lock(mutex_);
    if (why_stopped_[index]) excuse_when_stopped(outcome, *why_stopped_[index]);
    return outcome;
  }

  void handle(const report::RunOutcome& outcome) {
    const std::scoped_lock lock(handling_);
    handle_(outcome);
  }

  /// Those that are to stop now.
  std::vector<std::stop_source> give_back(std::size_t index) {
    const std::scoped_lock lock(mutex_);
    if (items_[index].alone) alone_runs_ = false;
    --running_;
    ++ends_;
    std::vector<std::stop_source> out;
    for (const auto node : agenda_.end(items_[index].node, outcome_of(outcomes_[index]))) {
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (items_[i].node != node || !stops_[i]) continue;
        why_stopped_[i] = agenda_.why_left_out(node);
        out.push_back(stops_[i]->source());
      }
    }
    ended_.notify_all();
    return out;
  }

  const std::vector<WorkItem>& items_;
  const std::stop_token stop_;
  const OutcomeHandler& handle_;
  Agenda& agenda_;
  std::mutex mutex_, handling_;
  std::condition_variable_any ended_;
  std::vector<bool> taken_;
  bool alone_runs_ = false;
  int running_ = 0;
  std::size_t ends_ = 0;  // so far
  std::vector<std::unique_ptr<base::LinkedStop>> stops_;
  std::vector<std::optional<std::string>> why_stopped_;
  std::vector<std::vector<report::RunOutcome>> outcomes_;  // each written by the worker that took it
};

}  // namespace

std::vector<report::RunOutcome> work_off(const std::vector<WorkItem>& items, int at_once, const std::stop_token& stop,
                                         const OutcomeHandler& handle, Agenda& agenda) {
  Workers workers(items, stop, handle, agenda);
  {
    std::vector<std::jthread> threads;
    const auto count = std::min<std::size_t>(items.size(), static_cast<std::size_t>(at_once));
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back([&workers] { workers.work(); });
    workers.work();
  }
  return std::move(workers).outcomes();
}

std::vector<report::RunOutcome> work_off(std::vector<WorkItem> items, int at_once, const std::stop_token& stop,
                                         const OutcomeHandler& handle) {
  auto agenda = Agenda::of_independent(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) items[i].node = i;
  return work_off(items, at_once, stop, handle, agenda);
}

}  // namespace rivet::run
