// SPDX-License-Identifier: Apache-2.0
// Bounds of a wave by the dearest of its exports.
#include "plan/schedule.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace rivet::plan {
namespace {

constexpr std::int64_t kProgramMb = 32;

int most_at_once(const std::vector<Task>& tasks) {
  const auto dearest = std::max_element(tasks.begin(), tasks.end(), [](auto& a, auto& b) { return a.cost < b.cost; });
  switch (dearest->cost) {
    case CostClass::low: return 10;
    case CostClass::medium: return 3;
    default: return 2;
  }
}

/// As many of the largest as fit together.
int fitting(const std::vector<Task>& tasks) {
  std::vector<std::int64_t> sizes;
  for (const auto& task : tasks) sizes.push_back(std::max<std::int64_t>(task.peak_mb - kProgramMb, 1));
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  std::int64_t sum = 0;
  int count = 0;
  for (const auto size : sizes) {
    sum += size;
    if (sum > kMemoryBudgetMb) break;
    ++count;
  }
  return std::max(count, 1);
}

}  // namespace

std::vector<Wave> make_waves(std::vector<Task> tasks, int most) {
  std::map<int, std::vector<Task>> by_number;
  for (auto& task : tasks) by_number[task.wave].push_back(task);
  std::vector<Wave> out;
  for (auto& [number, members] : by_number) {
    int at_once = std::min(most_at_once(members), fitting(members));
    if (most > 0) at_once = std::min(at_once, most);
    out.push_back({.number = number, .tasks = std::move(members), .at_once = at_once});
  }
  return out;
}

std::vector<Task> longest_first(std::vector<Task> tasks) {
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const auto& a, const auto& b) { return a.expected_ms > b.expected_ms; });
  return tasks;
}

bool is_worth_splitting(const Task& task, const std::vector<Task>& tasks, int slots) {
  const auto total = std::accumulate(tasks.begin(), tasks.end(), std::int64_t{0},
                                     [](auto sum, const auto& one) { return sum + one.expected_ms; });
  return slots > 1 && (task.is_heavy() || task.expected_ms * slots > total);
}

}  // namespace rivet::plan
