// SPDX-License-Identifier: Apache-2.0
// Thresholds are those users know from the reference (1.4, run).
#include "report/advice.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/terminal.hpp"

namespace rivet::report {
namespace {

constexpr std::int64_t kMinRows = 10'000;
constexpr std::int64_t kMinMilliseconds = 5'000;
constexpr double kSlower = 1.5;
constexpr std::int64_t kTempBytes = 100LL << 20;

const state::MetricsRecorded* previous_success(const RunOutcome& outcome,
                                               const std::vector<state::MetricsRecorded>& history) {
  const auto at = std::find_if(history.begin(), history.end(), [&](const auto& row) {
    return row.run_id != outcome.run_id && row.status == "success" && row.mode == outcome.mode;
  });
  return at == history.end() ? nullptr : &*at;
}

bool comparable(const RunOutcome& now, const state::MetricsRecorded& before) {
  return now.rows >= kMinRows && before.total_rows >= kMinRows && now.duration_ms >= kMinMilliseconds &&
         before.duration_ms >= kMinMilliseconds && now.rows <= 2 * before.total_rows &&
         before.total_rows <= 2 * now.rows;
}

double milliseconds_per_row(std::int64_t milliseconds, std::int64_t rows) {
  return static_cast<double>(milliseconds) / static_cast<double>(rows);
}

}  // namespace

std::vector<std::string> advice(const RunOutcome& outcome, const std::vector<state::MetricsRecorded>& history) {
  std::vector<std::string> warnings;
  const auto* const before = outcome.status == "success" ? previous_success(outcome, history) : nullptr;
  if (before != nullptr && comparable(outcome, *before)) {
    const auto factor = milliseconds_per_row(outcome.duration_ms, outcome.rows) /
                        milliseconds_per_row(before->duration_ms, before->total_rows);
    if (factor >= kSlower) {
      warnings.push_back(fmt::format("{:.1f} times slower than the previous run {} ({} then, {} now)", factor,
                                     before->run_id, human_rate(before->total_rows, before->duration_ms),
                                     human_rate(outcome.rows, outcome.duration_ms)));
    }
  }
  if (outcome.pg_temp_bytes_delta.value_or(0) > kTempBytes) {
    warnings.push_back(
        fmt::format("the query made the server write {} of temporary files; "
                    "a larger work_mem or an index avoids that",
                    base::human_bytes(*outcome.pg_temp_bytes_delta)));
  }
  return warnings;
}

}  // namespace rivet::report
