// SPDX-License-Identifier: Apache-2.0
// In which order the exports of one command run, and how many at a time. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/prioritize.hpp"

namespace rivet::plan {

/// One export to be scheduled.
struct Task {
  std::size_t index = 0;  ///< among the exports of the command
  int wave = 0;
  CostClass cost = CostClass::medium;
  std::int64_t expected_ms = 5'000;
  std::int64_t peak_mb = 0;    ///< expected
  bool parallel_safe = false;  ///< may run beside a heavy one though it is heavy

  bool is_heavy() const { return cost == CostClass::high || cost == CostClass::very_high; }
};

/// Tasks that may run at the same time, and how many of them at once.
struct Wave {
  int number = 0;
  std::vector<Task> tasks;
  int at_once = 1;
};

/// Memory that the exports of one command may take together.
inline constexpr std::int64_t kMemoryBudgetMb = 2'048;

/// Ascending by wave, each with its bound: 10 exports at once of low cost, 3 when one costs more, 2 when one is heavy,
/// fewer when they would not fit into kMemoryBudgetMb. `most` bounds them further; 0: no bound.
std::vector<Wave> make_waves(std::vector<Task> tasks, int most);

/// The order of a pool: the longest first, so that none of them is left over at the end.
std::vector<Task> longest_first(std::vector<Task> tasks);

/// Whether an export is worth all slots of a pool: it would take longer than its share of the whole.
bool is_worth_splitting(const Task& task, const std::vector<Task>& tasks, int slots);

}  // namespace rivet::plan
