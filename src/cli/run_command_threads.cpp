// SPDX-License-Identifier: Apache-2.0
// A worker takes the next export until there is none; one worker is the sequential case.
#include "cli/run_command_threads.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include "run/execute.hpp"

namespace rivet::cli {
namespace {

constexpr std::int64_t kMostBytesInFlight = 32LL << 20;

class Workers {
 public:
  Workers(const Selection& selected, const RunJob& job, const OutcomeHandler& handle)
      : selected_(selected), job_(job), handle_(handle), outcomes_(selected.size()) {}

  void work() {
    while (const auto index = take()) {
      outcomes_[*index] = run_one(job_, *selected_[*index], [this](const report::RunOutcome& outcome) {
        const std::scoped_lock lock(mutex_);
        handle_(outcome);
      });
    }
  }

  std::vector<report::RunOutcome> outcomes() && {
    std::vector<report::RunOutcome> out;
    for (auto& outcomes : outcomes_) std::move(outcomes.begin(), outcomes.end(), std::back_inserter(out));
    return out;
  }

 private:
  std::optional<std::size_t> take() {
    const std::scoped_lock lock(mutex_);
    if (next_ == selected_.size() || job_.context.stop.stop_requested()) return std::nullopt;
    return next_++;
  }

  const Selection& selected_;
  const RunJob& job_;
  const OutcomeHandler& handle_;
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::vector<std::vector<report::RunOutcome>> outcomes_;  // each written by the worker that took it
};

}  // namespace

std::int64_t shared_byte_budget(const Selection& selected, int at_once) {
  std::vector<std::int64_t> shares;
  for (const auto* entry : selected) shares.push_back(run::bytes_in_flight(*entry));
  std::sort(shares.begin(), shares.end(), std::greater<>());
  const auto count = std::min<std::size_t>(shares.size(), static_cast<std::size_t>(at_once));
  const auto sum =
      std::accumulate(shares.begin(), shares.begin() + static_cast<std::ptrdiff_t>(count), std::int64_t{0});
  const auto most = std::max(kMostBytesInFlight, shares.empty() ? 0 : shares.front());
  return std::min(sum, most);
}

std::vector<report::RunOutcome> run_in_threads(const Selection& selected, const RunJob& job, int at_once,
                                               const OutcomeHandler& handle) {
  Workers workers(selected, job, handle);
  {
    std::vector<std::jthread> threads;
    const auto count = std::min<std::size_t>(selected.size(), static_cast<std::size_t>(at_once));
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back([&workers] { workers.work(); });
    workers.work();
  }
  return std::move(workers).outcomes();
}

}  // namespace rivet::cli
