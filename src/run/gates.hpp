// SPDX-License-Identifier: Apache-2.0
// Quality rules and shape facts, counted batch by batch and judged once at the end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.hpp"
#include "batch/schema.hpp"
#include "config/config.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// A rule that does not hold. FAIL stops the run (exit class data integrity), WARN is told.
struct GateFinding {
  bool fails = true;
  std::string message;
};

/// What the rules need to know about some rows; counts of different rows can be merged.
struct GateCounts {
  std::int64_t rows = 0;
  std::map<std::string, std::int64_t> nulls = {};       ///< per column with any
  std::map<std::string, std::int64_t> longest = {};     ///< bytes of the longest value per text column
  std::map<std::string, std::int64_t> duplicates = {};  ///< repeated values per unique column
  std::set<std::string> unchecked = {};                 ///< unique columns with more values than unique_max_entries

  void merge(const GateCounts& other);
};

/// The form kept with a unit in the store, and back. Kind data for anything else.
std::string to_json_text(const GateCounts& counts);
Result<GateCounts> gate_counts_from_json_text(std::string_view text);

/// The counts of all units of a run.
Result<GateCounts> merged_gate_counts(const std::vector<state::UnitView>& units);

/// Adds the values that lie in several units of the run, which no unit's own count can see.
Result<void> add_repeats_between_units(state::StateStore& store, const std::string& run_id,
                                       const config::Quality& rules, GateCounts& counts);

/// The rules that do not hold for these rows.
std::vector<GateFinding> judge(const config::Quality& rules, const GateCounts& counts);

/// Counts what the rules of one export need. Not thread safe.
class Gates {
 public:
  Gates(const config::Quality& rules, const model::Columns& columns);

  void observe(const arrow::RecordBatch& rows);
  const GateCounts& counts() const { return counts_; }
  /// Per unique column that was checked to the end: 8 bytes for each distinct value, in the machine's order of bytes.
  std::map<std::string, std::string> unique_hashes() const;

 private:
  struct UniqueColumn {
    std::size_t index = 0;
    std::unordered_set<std::uint64_t> seen = {};
  };

  void observe_unique(UniqueColumn& column, const arrow::RecordBatch& rows);

  std::optional<std::int64_t> unique_max_entries_;
  model::Columns columns_;
  GateCounts counts_;
  std::vector<UniqueColumn> unique_;
};

}  // namespace rivet::run
