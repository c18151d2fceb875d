// SPDX-License-Identifier: Apache-2.0
// Each step is an item of work.
#include "cli/run_command_threads.hpp"

#include <algorithm>
#include <numeric>

#include "run/work_pool.hpp"
#include "run/execute.hpp"

namespace rivet::cli {
namespace {

constexpr std::int64_t kMostBytesInFlight = 32LL << 20;

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

std::vector<report::RunOutcome> run_in_threads(const std::vector<Step>& steps, run::Agenda& agenda, const RunJob& job,
                                               int at_once, const run::OutcomeHandler& handle) {
  std::vector<run::WorkItem> items;
  for (const auto& step : steps) items.push_back(item_of(job, step));
  return run::work_off(items, at_once, job.context.stop, handle, agenda);
}

}  // namespace rivet::cli
