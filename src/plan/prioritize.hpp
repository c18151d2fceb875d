// SPDX-License-Identifier: Apache-2.0
// Which exports of a configuration had better go first, and which together. Advice: waves can be set by hand. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "config/config.hpp"
#include "model/preflight.hpp"
#include "plan/past_run.hpp"

namespace rivet::plan {

enum class CostClass { low, medium, high, very_high };
std::string_view name_of(CostClass cost);

/// A reason that moved the score.
struct PriorityReason {
  std::string kind;  ///< stable, such as `large_table`
  std::string message;
};

/// Where an export stands among the others.
struct Recommendation {
  std::string export_name;
  int score = 50;              ///< 0 to 100; higher goes first
  std::string priority_class;  ///< high | medium | low
  CostClass cost = CostClass::medium;
  std::string risk_class;  ///< high | medium | low
  int wave = 4;            ///< 1 to 4
  bool isolate_on_source = false;
  std::vector<PriorityReason> reasons;

  /// Whether it costs its source so little that it may run beside a heavy export.
  bool is_light() const { return cost == CostClass::low; }
};

/// What is known about one export.
struct Candidate {
  const config::Export& entry;
  model::Preflight preflight;
  std::vector<PastRun> history;  ///< the newest first
};

/// Exports of one `source_group` that had better not run at once.
struct SourceGroupWarning {
  std::string source_group;
  std::vector<std::string> exports;
  std::string message;
};

/// All exports of a configuration, those to go first first.
struct Campaign {
  std::vector<Recommendation> ordered;
  std::vector<SourceGroupWarning> source_group_warnings;

  /// Where the export of that name stands; null when it is not among them.
  const Recommendation* find(std::string_view export_name) const;
};

/// Scores each export by size, mode, verdict and history, and finds crowded source groups. Equal scores keep the order
/// of the file.
Campaign prioritize(const std::vector<Candidate>& candidates);

/// With the field names that users' scripts read.
nlohmann::ordered_json to_json(const Recommendation& recommendation);
nlohmann::ordered_json to_json(const Campaign& campaign);

}  // namespace rivet::plan
