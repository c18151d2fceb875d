// SPDX-License-Identifier: Apache-2.0
// Points per signal, as users know them; a successful run is told by the status that runs are stored with.
#include "plan/prioritize.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace rivet::plan {
namespace {

using config::Mode;
using model::Verdict;
using nlohmann::ordered_json;

constexpr std::int64_t kSmall = 100'000, kLarge = 10'000'000;

class Scorer {
 public:
  explicit Scorer(const Candidate& candidate) : candidate_(candidate) { out_.export_name = candidate.entry.name; }

  Recommendation score() {
    by_size();
    by_mode();
    by_verdict();
    by_history();
    if (candidate_.entry.reconcile_required) {
      add(-12, "reconcile_required", "It has to be reconciled afterwards, which reads the source again.");
    }
    out_.score = std::clamp(points_, 0, 100);
    out_.priority_class = out_.score >= 70 ? "high" : out_.score >= 40 ? "medium" : "low";
    out_.wave = out_.score >= 75 ? 1 : out_.score >= 55 ? 2 : out_.score >= 35 ? 3 : 4;
    return std::move(out_);
  }

 private:
  void add(int points, std::string kind, std::string message) {
    points_ += points;
    out_.reasons.push_back({std::move(kind), std::move(message)});
  }

  bool is_chunked() const { return candidate_.entry.mode == Mode::chunked; }
  std::int64_t units() const { return candidate_.preflight.units; }

  void by_size() {
    const auto rows = candidate_.preflight.row_estimate;
    out_.cost = !rows || *rows < kLarge ? CostClass::medium : CostClass::high;
    if (!rows) return add(-3, "low_confidence_metadata", "The source does not tell how many rows it has.");
    if (*rows < kSmall) {
      out_.cost = CostClass::low;
      return add(12, "small_table", fmt::format("Small estimated row count (~{}).", *rows));
    }
    if (*rows < kLarge) {
      return add(0, "large_table", fmt::format("Medium/large estimated row count (~{}).", *rows));
    }
    if (is_chunked() && units() >= 8) out_.cost = CostClass::very_high;
    add(-15, "large_table", fmt::format("Large estimated row count (~{}).", *rows));
  }

  void by_mode() {
    const auto& entry = candidate_.entry;
    switch (entry.mode) {
      case Mode::full: points_ += 5; break;
      case Mode::incremental: return by_cursor();
      case Mode::time_window:
        if (entry.keys.days_window.value_or(0) <= 7) points_ += 6;
        break;
      case Mode::chunked: return by_chunks();
      case Mode::cdc: break;
    }
  }

  void by_cursor() {
    if (candidate_.entry.keys.coalesce) {
      return add(-14, "weak_cursor", "The cursor falls back to a second column where the first is NULL.");
    }
    if (candidate_.preflight.uses_index) return add(18, "strong_cursor", "An index finds what is new.");
    add(-8, "weak_cursor", "No index finds what is new: each run reads the whole table.");
  }

  void by_chunks() {
    const auto rows = candidate_.preflight.row_estimate.value_or(0);
    if (units() > 1 || rows > 1'000'000) {
      add(-10, "chunking_heavy",
          fmt::format("Chunked extraction ({} chunk windows): higher source load and runtime.", units()));
    }
    if (candidate_.preflight.sparse) add(-18, "sparse_range_risk", "Most chunk windows will be nearly empty.");
  }

  void by_verdict() {
    const auto& preflight = candidate_.preflight;
    const auto risky = preflight.verdict == Verdict::degraded || preflight.warnings.size() > 3;
    out_.risk_class = preflight.verdict == Verdict::unsafe ? "high" : risky ? "medium" : "low";
    if (preflight.verdict == Verdict::unsafe) add(-25, "unsafe_verdict", "The look at the source found it unsafe.");
    if (preflight.verdict == Verdict::degraded) add(-12, "degraded_verdict", "The source can serve it only slowly.");
    if (preflight.verdict == Verdict::efficient) add(8, "efficient_verdict", "The source can serve it well.");
    if (risky) points_ -= 4;
  }

  void by_history() {
    const auto& runs = candidate_.history;
    if (runs.empty()) return;
    if (!runs.front().succeeded) add(-8, "recent_failure_history", "Its last run failed.");
    const auto count = static_cast<std::int64_t>(runs.size());
    const auto retried = std::count_if(runs.begin(), runs.end(), [](const auto& run) { return run.retries > 0; });
    if (count >= 3 && static_cast<double>(retried) > 0.3 * static_cast<double>(count)) {
      add(-5, "high_retry_rate_history", fmt::format("{} of its last {} runs had to retry.", retried, count));
    }
    std::int64_t total = 0, ended_well = 0;
    for (const auto& run : runs) {
      if (!run.succeeded) continue;
      total += run.duration_ms;
      ++ended_well;
    }
    if (ended_well > 0 && total / ended_well >= 300'000) {
      add(-4, "slow_history", fmt::format("Its runs take {} s on average.", total / ended_well / 1'000));
    }
  }

  const Candidate& candidate_;
  Recommendation out_;
  int points_ = 50;
};

bool is_heavy(const Recommendation& one) { return one.cost == CostClass::high || one.cost == CostClass::very_high; }

/// Members of one group that share a source with less room than they would take together.
void find_crowded_groups(const std::vector<Candidate>& candidates, Campaign& campaign) {
  std::map<std::string, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto& group = candidates[i].entry.source_group;
    if (!group.empty()) groups[group].push_back(i);
  }
  for (const auto& [name, members] : groups) {
    const auto heavy =
        std::count_if(members.begin(), members.end(), [&](auto i) { return is_heavy(campaign.ordered[i]); });
    if (heavy < 2 && members.size() < 3) continue;
    SourceGroupWarning warning{.source_group = name, .exports = {}, .message = {}};
    for (const auto i : members) {
      warning.exports.push_back(campaign.ordered[i].export_name);
      if (heavy < 2 || !is_heavy(campaign.ordered[i])) continue;
      campaign.ordered[i].isolate_on_source = true;
      campaign.ordered[i].reasons.push_back(
          {"shared_source_heavy_conflict", fmt::format("Other heavy exports read source group '{}' too.", name)});
    }
    warning.message = heavy >= 2
                          ? fmt::format("{} heavy exports share source group '{}': run them one at a time", heavy, name)
                          : fmt::format("{} exports share source group '{}'", members.size(), name);
    campaign.source_group_warnings.push_back(std::move(warning));
  }
}

}  // namespace

std::string_view name_of(CostClass cost) {
  static constexpr std::array<std::string_view, 4> names{"low", "medium", "high", "very_high"};
  return names[static_cast<std::size_t>(cost)];
}

const Recommendation* Campaign::find(std::string_view export_name) const {
  const auto found =
      std::find_if(ordered.begin(), ordered.end(), [&](const auto& one) { return one.export_name == export_name; });
  return found == ordered.end() ? nullptr : &*found;
}

Campaign prioritize(const std::vector<Candidate>& candidates) {
  Campaign campaign;
  for (const auto& candidate : candidates) campaign.ordered.push_back(Scorer(candidate).score());
  find_crowded_groups(candidates, campaign);
  std::stable_sort(campaign.ordered.begin(), campaign.ordered.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  return campaign;
}

ordered_json to_json(const Recommendation& recommendation) {
  auto reasons = ordered_json::array();
  for (const auto& [kind, message] : recommendation.reasons) reasons.push_back({{"kind", kind}, {"message", message}});
  return {{"export_name", recommendation.export_name},
          {"priority_score", recommendation.score},
          {"priority_class", recommendation.priority_class},
          {"cost_class", name_of(recommendation.cost)},
          {"risk_class", recommendation.risk_class},
          {"recommended_wave", recommendation.wave},
          {"isolate_on_source", recommendation.isolate_on_source},
          {"reasons", std::move(reasons)}};
}

ordered_json to_json(const Campaign& campaign) {
  std::map<int, std::vector<std::string>> waves;
  ordered_json out{{"ordered_exports", ordered_json::array()},
                   {"waves", ordered_json::array()},
                   {"source_group_warnings", ordered_json::array()}};
  for (const auto& one : campaign.ordered) {
    out["ordered_exports"].push_back(to_json(one));
    waves[one.wave].push_back(one.export_name);
  }
  for (const auto& [wave, exports] : waves) out["waves"].push_back({{"wave", wave}, {"exports", exports}});
  for (const auto& warning : campaign.source_group_warnings) {
    out["source_group_warnings"].push_back(
        {{"source_group", warning.source_group}, {"exports", warning.exports}, {"message", warning.message}});
  }
  return out;
}

}  // namespace rivet::plan
