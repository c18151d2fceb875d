// SPDX-License-Identifier: Apache-2.0
// Predictions are only worth making when somebody looks at how they came out.
#include "report/prediction.hpp"

#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace rivet::report {
namespace {

using Json = nlohmann::ordered_json;

std::string shown(std::string_view what, std::int64_t value) {
  if (what == "duration_ms") return base::human_duration(value);
  if (what == "bytes_written") return base::human_bytes(value);
  return base::with_thousands(value) + (what == "peak_rss_mb" ? " MB" : "");
}

std::string_view name_of(std::string_view what) {
  if (what == "duration_ms") return "duration";
  if (what == "bytes_written") return "bytes";
  return what == "peak_rss_mb" ? "peak rss" : what;
}

}  // namespace

std::vector<PredictionLine> compare_with_prediction(const RunOutcome& outcome) {
  if (!outcome.prediction || (outcome.status != "success" && outcome.status != "skipped")) return {};
  const auto& p = *outcome.prediction;
  return {{"rows", p.rows, outcome.rows},
          {"bytes_written", p.bytes_written, outcome.bytes_written},
          {"duration_ms", p.duration_ms, outcome.duration_ms},
          {"statements", p.statements, outcome.statements},
          {"peak_rss_mb", p.peak_rss_mb, outcome.peak_rss_mb}};
}

std::string interval_text(std::string_view what, const model::Interval& interval) {
  return fmt::format("{} ({} to {})", shown(what, interval.expected), shown(what, interval.low),
                     shown(what, interval.high));
}

std::string prediction_text(const RunOutcome& outcome) {
  const auto lines = compare_with_prediction(outcome);
  if (lines.empty()) return "";
  std::string missed;
  std::size_t held = 0;
  for (const auto& [what, interval, actual] : lines) {
    if (interval.contains(actual)) {
      ++held;
    } else {
      missed += fmt::format("; {} {}, expected {} to {}", name_of(what), shown(what, actual), shown(what, interval.low),
                            shown(what, interval.high));
    }
  }
  return fmt::format("{} of {} predictions held{}", held, lines.size(), missed);
}

Json prediction_json(const RunOutcome& outcome) {
  if (!outcome.prediction) return nullptr;
  auto json = model::to_json(*outcome.prediction);
  for (const auto& line : compare_with_prediction(outcome)) {
    json[line.what]["actual"] = line.actual;
    json[line.what]["within"] = line.interval.contains(line.actual);
  }
  return json;
}

std::string prediction_section(const RunOutcome& outcome) {
  const auto lines = compare_with_prediction(outcome);
  if (lines.empty()) return "";
  std::string text = fmt::format("\n## Prediction\n\nBy {}.\n\n", outcome.prediction->basis);
  text += "| | expected | between | actual | |\n|---|---:|---:|---:|---|\n";
  for (const auto& line : lines) {
    text += fmt::format("| {} | {} | {} to {} | {} | {} |\n", line.what, line.interval.expected, line.interval.low,
                        line.interval.high, line.actual, line.interval.contains(line.actual) ? "within" : "OUTSIDE");
  }
  return text;
}

}  // namespace rivet::report
