// SPDX-License-Identifier: Apache-2.0
// Thresholds in rows, as users know them.
#include "plan/preflight.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "plan/delta.hpp"
#include "plan/keys.hpp"

namespace rivet::plan {
namespace {

using config::Mode;
using model::Severity;
using model::Verdict;

constexpr std::int64_t kThousand = 1'000, kMillion = 1'000'000;
constexpr std::int64_t kHeavyUnitBytes = 256LL << 20;
constexpr std::chrono::days kFreshness{14};

std::string list_of(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

std::string mode_text(const config::Export& entry, const model::Plan& plan) {
  const auto& keys = entry.keys;
  switch (entry.mode) {
    case Mode::incremental: return fmt::format("incremental (cursor: {})", keys.cursor_column);
    case Mode::time_window:
      return fmt::format("time_window (column: {}, days: {})", keys.time_column, *keys.days_window);
    case Mode::chunked:
      if (plan.key.empty()) return "chunked (by pages)";
      return keys.chunk_size ? fmt::format("chunked (column: {}, size: {})", list_of(plan.key), *keys.chunk_size)
                             : fmt::format("chunked (column: {})", list_of(plan.key));
    default: return std::string(config::name_of(entry.mode));
  }
}

class Judge {
 public:
  Judge(const config::Export& entry, const model::Plan& plan, const PreflightFacts& facts)
      : entry_(entry), plan_(plan), facts_(facts) {}

  model::Preflight judge() {
    estimate_rows();
    out_.export_name = entry_.name;
    out_.strategy = strategy_label(entry_, plan_);
    out_.mode = mode_text(entry_, plan_);
    out_.units = static_cast<std::int64_t>(plan_.units.size());
    out_.avg_row_bytes = facts_.scan.bytes_per_row ? facts_.scan.bytes_per_row : bytes_by_size();
    if (entry_.mode == Mode::incremental) out_.cursor_column = entry_.keys.cursor_column;
    if (facts_.key.extent.first) {
      out_.cursor_min = model::display_cursor(*facts_.key.extent.first);
      out_.cursor_max = model::display_cursor(*facts_.key.extent.last);
    }
    out_.scan_type = facts_.scan.text;
    out_.uses_index = uses_index();
    out_.has_cursor = plan_.incremental.has_value() || entry_.mode == Mode::time_window;
    out_.can_parallel = !plan_.key.empty() || plan_.strategy == "pages";
    out_.sparse = is_sparse();
    out_.verdict = verdict();
    out_.recommended_profile = profile();
    recommend_parallel();
    warn();
    suggest();
    out_.rationale = rationale();
    return std::move(out_);
  }

 private:
  std::int64_t rows() const { return out_.row_estimate.value_or(kMillion); }

  std::optional<std::int64_t> bytes_by_size() const {
    const auto& [bytes, count] = std::pair(facts_.inventory.total_bytes, facts_.inventory.row_estimate);
    return bytes && count && *count > 0 ? std::optional(*bytes / *count) : std::nullopt;
  }

  /// The last full count is better than statistics, unless it is old and they say something else.
  void estimate_rows() {
    const bool follows = plan_.incremental || entry_.mode == Mode::time_window;
    out_.row_estimate = facts_.inventory.row_estimate;
    out_.row_source = out_.row_estimate ? "catalog estimate" : "unknown";
    for (const auto& run : facts_.history) {
      if (follows || !run.succeeded || run.mode != config::name_of(entry_.mode)) continue;
      const bool old = facts_.now - run.at > kFreshness;
      const auto now = out_.row_estimate.value_or(run.rows);
      if (old && (now >= 2 * run.rows || run.rows >= 2 * now)) return;
      out_.row_estimate = run.rows;
      out_.row_source = "measured " + base::to_rfc3339(run.at).substr(0, 10);
      return;
    }
  }

  /// A unit that is a good part of the table is better read without the index that it has.
  bool uses_index() const {
    if (plan_.strategy == "pages") return true;
    if (plan_.key.empty() && !plan_.incremental) return facts_.scan.uses_index;
    return facts_.scan.uses_index || (facts_.scan.has_index && plan_.units.size() <= 10);
  }

  Verdict verdict() const {
    if (out_.uses_index) {
      if (!out_.has_cursor) return Verdict::acceptable;
      return rows() <= 10 * kMillion ? Verdict::efficient : Verdict::acceptable;
    }
    if (rows() < 100 * kThousand) return Verdict::acceptable;
    // Without an index every unit reads the whole table.
    const auto read = static_cast<double>(rows()) * static_cast<double>(plan_.key.empty() ? 1 : plan_.units.size());
    if (rows() <= kMillion || read <= 50.0 * kMillion) return Verdict::degraded;
    return Verdict::unsafe;
  }

  std::string profile() const {
    if (out_.uses_index) return rows() <= kMillion ? "fast" : rows() <= 10 * kMillion ? "balanced" : "safe";
    if (rows() <= 100 * kThousand) return entry_.keys.parallel > 1 ? "safe" : "balanced";
    return rows() <= kMillion ? "balanced" : "safe";
  }

  void recommend_parallel() {
    const auto say = [&](int level, std::string reason) {
      out_.recommended_parallel = level;
      out_.parallel_reason = std::move(reason);
    };
    if (plan_.incremental) return say(1, "what is new is read in order of its cursor");
    if (rows() < 50 * kThousand) return say(1, "a small dataset");
    if (!out_.can_parallel) return say(1, "it is read as one unit");
    if (!out_.uses_index && rows() > 5 * kMillion) return say(1, "a large dataset without an index");
    if (!out_.uses_index) return say(2, "no index: more would read the table as often");
    if (rows() < 500 * kThousand) return say(2, "a medium dataset with an index");
    return say(4, "a large dataset with index support");
  }

  void warn_if(bool is_so, Severity severity, std::string message) {
    if (is_so) out_.warnings.push_back({severity, std::move(message)});
  }

  void warn() {
    const auto parallel = entry_.keys.parallel;
    if (facts_.connections_left) {
      warn_if(parallel >= *facts_.connections_left, Severity::high,
              fmt::format("parallel: {} wants more connections than the {} that the server has left", parallel,
                          *facts_.connections_left));
    }
    warn_if(parallel > 1 && !out_.uses_index && rows() > 5 * kMillion, Severity::high,
            fmt::format("parallel: {} on {} rows without an index: each unit reads the whole table", parallel,
                        base::about(rows())));
    warn_if(out_.sparse, Severity::medium,
            fmt::format("{} has many holes: most of the {} chunks will be nearly empty; chunk_by_key cuts by rows",
                        list_of(plan_.key), plan_.units.size()));
    const auto heavy = unit_bytes();
    warn_if(heavy > kHeavyUnitBytes && entry_.mode == Mode::chunked, Severity::medium,
            fmt::format("a chunk holds about {}: choose a smaller chunk_size", base::human_bytes(heavy)));
    warn_if(entry_.mode == Mode::chunked && plan_.strategy == "dense", Severity::low,
            "chunk_dense numbers all rows for every chunk; chunk_by_key reads each row once");
    for (const auto& [rule, message] : plan_.warnings) warn_if(true, Severity::low, message);
  }

  bool is_sparse() const {
    if (plan_.strategy != "range" || plan_.units.size() <= 10 || !facts_.key.extent.first) return false;
    const auto& units = plan_.units;
    const auto low = base::to_integer(units.front().start_key), high = base::to_integer(units.back().end_key);
    if (!low || !high) return false;
    return static_cast<double>(rows()) < 0.1 * (static_cast<double>(*high) - static_cast<double>(*low));
  }

  std::int64_t unit_bytes() const {
    return rows() / std::max<std::int64_t>(out_.units, 1) * out_.avg_row_bytes.value_or(0);
  }

  void suggest() {
    if (out_.verdict == Verdict::efficient || out_.verdict == Verdict::acceptable) return;
    if (!plan_.key.empty() || plan_.incremental) {
      const auto& key = plan_.incremental ? plan_.incremental->cursor.columns : plan_.key;
      out_.suggestion = fmt::format("create an index on {}({}), or read from a replica",
                                    model::display_name(entry_.relation), list_of(key));
    } else if (entry_.mode == Mode::full && entry_.relation.is_table()) {
      out_.suggestion = "mode: chunked cuts it into short statements and can go on where it stopped";
    } else {
      out_.suggestion = "read from a replica, or narrow the query";
    }
  }

  std::string rationale() const {
    const auto mode = fmt::format("mode {}: ", config::name_of(entry_.mode));
    auto text = plan_.reason.starts_with(mode) ? plan_.reason + "." : fmt::format("{}{}.", mode, plan_.reason);
    text.front() = 'M';
    text += fmt::format(" {} rows ({}) in {} unit(s).",
                        out_.row_estimate ? base::about(*out_.row_estimate) : "An unknown number of", out_.row_source,
                        plan_.units.size());
    if (plan_.prediction) {
      text +=
          fmt::format(" Parallelism: {} at once, about {} MB at the peak; {} would suit it ({}).", entry_.keys.parallel,
                      plan_.prediction->peak_rss_mb.expected, out_.recommended_parallel, out_.parallel_reason);
    }
    return text + (plan_.units.size() > 1 ? " After a crash it goes on with the units that are left."
                                          : " After a crash its one unit is read again.");
  }

  const config::Export& entry_;
  const model::Plan& plan_;
  const PreflightFacts& facts_;
  model::Preflight out_;
};

}  // namespace

std::string strategy_label(const config::Export& entry, const model::Plan& plan) {
  const auto parallel = entry.keys.parallel;
  const auto key = list_of(plan.key);
  if (plan.incremental) return fmt::format("incremental({})", list_of(plan.incremental->cursor.columns));
  if (entry.mode == Mode::time_window) {
    return fmt::format("time-window({}, {}d)", entry.keys.time_column, *entry.keys.days_window);
  }
  const auto size = entry.keys.chunk_size ? fmt::format(", size={}", *entry.keys.chunk_size) : std::string();
  const auto slots = parallel > 1 ? fmt::format(", p={}", parallel) : std::string();
  if (plan.strategy == "days") return fmt::format("date-chunked({}, {}d)", key, *entry.keys.chunk_by_days);
  if (entry.mode == Mode::full) return parallel > 1 ? fmt::format("full-parallel({})", parallel) : "full-scan";
  const std::string_view kind = plan.strategy == "keyset" ? "keyset"
                                : plan.strategy == "full" ? "full-scan"
                                                          : "chunked";
  return fmt::format("{}{}({}{}{})", kind, parallel > 1 ? "-parallel" : "", key.empty() ? plan.strategy : key, size,
                     slots);
}

model::Preflight judge(const config::Export& entry, const model::Plan& plan, const PreflightFacts& facts) {
  return Judge(entry, plan, facts).judge();
}

}  // namespace rivet::plan
