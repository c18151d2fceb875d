// SPDX-License-Identifier: Apache-2.0
// Rows owe a fixed time each; bytes share one virtual clock.
#include "run/pacing.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace rivet::run {
namespace {

using std::chrono::milliseconds;

constexpr double kMegabyte = 1 << 20;

/// A profile's throttle is a hint for statements that follow each other, as only `safe` insists on it.
bool throttles(const config::Tuning& tuning) {
  return tuning.throttle_ms > 0 && (tuning.throttle_given || tuning.profile == "safe");
}

}  // namespace

bool has_pauses(const model::Plan& plan) {
  return plan.units.size() > 1 && plan.snapshot.empty() && plan.consistency != "snapshot";
}

Pacing::Pacing(const config::Tuning& tuning, const model::Plan& plan) {
  if (!has_pauses(plan)) return;
  if (throttles(tuning)) ms_per_row_ = static_cast<double>(tuning.throttle_ms) / static_cast<double>(tuning.batch_size);
  if (tuning.max_mb_per_s) bytes_per_second_ = *tuning.max_mb_per_s * kMegabyte;
}

milliseconds Pacing::owed(const UnitVolume& unit, Instant began, Instant ended) {
  const milliseconds for_rows(static_cast<std::int64_t>(ms_per_row_ * static_cast<double>(unit.rows)));
  if (bytes_per_second_ <= 0) return for_rows;
  const std::chrono::duration<double> worth(static_cast<double>(unit.bytes) / bytes_per_second_);
  paid_until_ = std::max(paid_until_, began) + std::chrono::duration_cast<Instant::duration>(worth);
  return std::max({milliseconds(0), for_rows, std::chrono::ceil<milliseconds>(paid_until_ - ended)});
}

void warn_about_pacing(const config::Tuning& tuning, model::Plan& plan) {
  if (has_pauses(plan)) return;
  std::string keys;
  if (tuning.throttle_given && tuning.throttle_ms > 0) keys = "throttle_ms";
  if (tuning.max_mb_per_s) keys += keys.empty() ? "max_mb_per_s" : " and max_mb_per_s";
  if (keys.empty()) return;
  const auto* const why = plan.units.size() > 1
                              ? "all units share one snapshot, and pauses would keep it open for longer"
                              : "the export is one unit, and pauses within it would keep its snapshot "
                                "open for longer";
  plan.warnings.push_back({"no_pacing", fmt::format("tuning: {} has no effect here: {}", keys, why)});
}

}  // namespace rivet::run
