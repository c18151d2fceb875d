// SPDX-License-Identifier: Apache-2.0
// Rates and shares are those of docs/performance.md; a run of the same export is a better witness than they are.
#include "plan/predict.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace rivet::plan {
namespace {

using model::Interval;

constexpr std::int64_t kUnknownRows = 100'000, kUnknownWidth = 100;
constexpr std::size_t kWitnesses = 5;

/// A factor with its spread: of what is known to what is not.
struct Ratio {
  double low = 1, expected = 1, high = 1;
};

Interval times(const Interval& base, const Ratio& ratio) {
  const auto scaled = [](std::int64_t value, double factor) {
    return static_cast<std::int64_t>(std::llround(std::min(static_cast<double>(value) * factor, 9e18)));
  };
  return {scaled(base.low, ratio.low), scaled(base.expected, ratio.expected), scaled(base.high, ratio.high)};
}

Interval around(std::int64_t value, double low, double high) { return times({value, value, value}, {low, 1, high}); }

Interval plus(const Interval& a, const Interval& b) {
  return {a.low + b.low, a.expected + b.expected, a.high + b.high};
}

/// Successful runs that had rows, of the same mode and format: what they took tells what this one will.
std::vector<PastRun> witnesses(const config::Export& entry, const std::vector<PastRun>& history) {
  std::vector<PastRun> out;
  for (const auto& run : history) {
    const bool alike = run.mode == config::name_of(entry.mode) && run.format == config::name_of(entry.format);
    if (run.succeeded && run.rows > 0 && alike && out.size() < kWitnesses) out.push_back(run);
  }
  return out;
}

/// Median of a ratio over the witnesses, its spread widened by `slack` on both sides.
template <class Of>
Ratio observed(const std::vector<PastRun>& runs, double slack, Of of) {
  std::vector<double> values;
  for (const auto& run : runs) values.push_back(of(run));
  std::sort(values.begin(), values.end());
  return {values.front() / slack, values[values.size() / 2], values.back() * slack};
}

class Predictor {
 public:
  Predictor(const config::Export& entry, const model::Plan& plan, const PredictionFacts& facts)
      : entry_(entry), plan_(plan), facts_(facts), witnesses_(witnesses(entry, facts.history)) {}

  model::Prediction predict() const {
    const auto rows = predicted_rows();
    return {.rows = rows,
            .bytes_written = times(rows, bytes_per_row()),
            .duration_ms = plus(times(rows, ms_per_row()), overhead_ms()),
            .statements = statements(),
            .peak_rss_mb = memory(rows),
            .basis = basis()};
  }

 private:
  bool reads_all() const { return !plan_.incremental && plan_.strategy != "time-window"; }

  Interval predicted_rows() const {
    if (facts_.rows && facts_.counted) return around(*facts_.rows, 0.98, 1.02);
    if (reads_all() && !witnesses_.empty() && agrees(witnesses_.front().rows)) {
      return around(witnesses_.front().rows, 0.85, 1.3);
    }
    if (!facts_.rows) return {0, kUnknownRows, 1'000 * kUnknownRows};
    const bool table = plan_.relation.is_table() && plan_.relation.within.is_whole() && reads_all();
    return table ? around(*facts_.rows, 0.7, 1.4) : around(*facts_.rows, 0.1, 10);
  }

  /// Whether the source's estimate does not contradict the last count.
  bool agrees(std::int64_t rows) const {
    return !facts_.rows || (*facts_.rows < 2 * rows && rows < 2 * std::max<std::int64_t>(*facts_.rows, 1));
  }

  Ratio bytes_per_row() const {
    if (!witnesses_.empty()) {
      return observed(witnesses_, 1.25,
                      [](const auto& run) { return static_cast<double>(run.bytes_written) / double(run.rows); });
    }
    const auto width = static_cast<double>(facts_.bytes_per_row.value_or(kUnknownWidth));
    if (entry_.format == config::FileFormat::csv) return {0.4 * width, 1.3 * width, 4 * width};
    const bool packed = plan_.compression != "none";
    return {0.02 * width, (packed ? 0.35 : 0.8) * width, 1.5 * width + 8};
  }

  Ratio ms_per_row() const {
    if (!witnesses_.empty()) {
      return observed(witnesses_, 1.5,
                      [](const auto& run) { return static_cast<double>(run.duration_ms) / double(run.rows); });
    }
    const auto width = static_cast<double>(facts_.bytes_per_row.value_or(kUnknownWidth));
    constexpr double kRowMs = 0.0004, kByteMs = 1.0 / 60'000;  // one stream
    const double parallel = std::clamp(static_cast<double>(entry_.keys.parallel), 1.0, 2.0);
    const double expected = (kRowMs + width * kByteMs) / parallel + throttle_ms(width);
    return {expected / 8, expected, expected * 6};
  }

  /// What the configuration makes each row wait.
  double throttle_ms(double width) const {
    const auto& tuning = entry_.tuning;
    double wait = 0;
    if (tuning.throttle_given && tuning.batch_size > 0) {
      wait = static_cast<double>(tuning.throttle_ms) / static_cast<double>(tuning.batch_size);
    }
    if (tuning.max_mb_per_s) wait = std::max(wait, width / (*tuning.max_mb_per_s * 1'000'000) * 1'000);
    return plan_.units.size() > 1 ? wait : 0;
  }

  /// Connecting and planning, and syncing the parts of each unit. Witnesses have been through it themselves.
  Interval overhead_ms() const {
    if (!witnesses_.empty()) return {0, 0, 100};
    const auto units = static_cast<std::int64_t>(plan_.units.size());
    return {2 + units, 60 + 8 * units, 600 + 80 * units};
  }

  Interval statements() const {
    const auto units = static_cast<std::int64_t>(plan_.units.size());
    const auto expected = facts_.statements_to_plan + facts_.statements_per_unit * units;
    return {expected * 6 / 10, expected, expected * 15 / 10 + 20};
  }

  /// Row groups being filled and encoded, the same for each unit that is read at once; small tables fill none.
  Interval memory(const Interval& rows) const {
    if (!witnesses_.empty() && witnesses_.front().peak_rss_mb) return around(*witnesses_.front().peak_rss_mb, 0.7, 1.4);
    constexpr std::int64_t kProgram = 36, kMegabyte = 1'000'000;
    const std::int64_t most =
        entry_.format == config::FileFormat::csv ? 45 + 10 * entry_.keys.parallel : 80 + 24 * entry_.keys.parallel;
    const auto held = [&](std::int64_t count) {
      const auto bytes = static_cast<double>(count) * 2.0 * double(facts_.bytes_per_row.value_or(kUnknownWidth));
      return std::min(most, kProgram + static_cast<std::int64_t>(bytes / kMegabyte));
    };
    return {held(rows.low) * 6 / 10, held(rows.expected), held(rows.high) * 14 / 10 + 15};
  }

  std::string basis() const {
    if (!witnesses_.empty()) return fmt::format("the last {} run(s) of this export", witnesses_.size());
    if (facts_.counted) return "a count of the source and usual rates";
    return facts_.rows ? "the source's estimate of rows and usual rates" : "usual sizes: the source gives no estimate";
  }

  const config::Export& entry_;
  const model::Plan& plan_;
  const PredictionFacts& facts_;
  const std::vector<PastRun> witnesses_;
};

}  // namespace

model::Prediction predict(const config::Export& entry, const model::Plan& plan, const PredictionFacts& facts) {
  return Predictor(entry, plan, facts).predict();
}

}  // namespace rivet::plan
