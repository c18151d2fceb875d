// SPDX-License-Identifier: Apache-2.0
// A worker takes the next item that may begin; one worker is the sequential case.
#include "run/work_pool.hpp"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>

namespace rivet::run {
namespace {

class Workers {
 public:
  Workers(const std::vector<WorkItem>& items, std::stop_token stop, const OutcomeHandler& handle)
      : items_(items), stop_(std::move(stop)), handle_(handle), taken_(items.size()), outcomes_(items.size()) {}

  void work() {
    while (const auto index = take()) {
      outcomes_[*index] = items_[*index].run([this](const report::RunOutcome& outcome) {
        const std::scoped_lock lock(handling_);
        handle_(outcome);
      });
      give_back(*index);
    }
  }

  std::vector<report::RunOutcome> outcomes() && {
    std::vector<report::RunOutcome> out;
    for (auto& outcomes : outcomes_) std::move(outcomes.begin(), outcomes.end(), std::back_inserter(out));
    return out;
  }

 private:
  std::optional<std::size_t> take() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (stop_.stop_requested()) return std::nullopt;
      bool left = false;
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (taken_[i]) continue;
        left = true;
        if (items_[i].alone && alone_runs_) continue;
        taken_[i] = true;
        alone_runs_ = alone_runs_ || items_[i].alone;
        return i;
      }
      if (!left) return std::nullopt;
      ended_.wait(lock, stop_, [this] { return !alone_runs_; });
    }
  }

  void give_back(std::size_t index) {
    if (!items_[index].alone) return;
    const std::scoped_lock lock(mutex_);
    alone_runs_ = false;
    ended_.notify_all();
  }

  const std::vector<WorkItem>& items_;
  const std::stop_token stop_;
  const OutcomeHandler& handle_;
  std::mutex mutex_, handling_;
  std::condition_variable_any ended_;
  std::vector<bool> taken_;
  bool alone_runs_ = false;
  std::vector<std::vector<report::RunOutcome>> outcomes_;  // each written by the worker that took it
};

}  // namespace

std::vector<report::RunOutcome> work_off(const std::vector<WorkItem>& items, int at_once, const std::stop_token& stop,
                                         const OutcomeHandler& handle) {
  Workers workers(items, stop, handle);
  {
    std::vector<std::jthread> threads;
    const auto count = std::min<std::size_t>(items.size(), static_cast<std::size_t>(at_once));
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back([&workers] { workers.work(); });
    workers.work();
  }
  return std::move(workers).outcomes();
}

}  // namespace rivet::run
