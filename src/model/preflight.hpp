// SPDX-License-Identifier: Apache-2.0
// What a look at the source says about an export before it runs. Advice: nothing is refused by it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace rivet::model {

/// How well the source can serve an export.
enum class Verdict { efficient, acceptable, degraded, unsafe };
/// In lower case.
std::string_view name_of(Verdict verdict);

enum class Severity { low, medium, high };
std::string_view name_of(Severity severity);

struct Remark {
  Severity severity = Severity::low;
  std::string message;
};

/// Of one export.
struct Preflight {
  std::string export_name;
  std::string strategy;       ///< a label such as `chunked(id, size=100000)`
  std::string mode;           ///< as configured, with its key
  std::string cursor_column;  ///< of an incremental export; empty otherwise
  std::optional<std::int64_t> row_estimate;
  std::string row_source;  ///< where the estimate comes from
  std::optional<std::int64_t> avg_row_bytes;
  std::optional<std::string> cursor_min, cursor_max;  ///< the ends of what it is cut by or follows
  std::string scan_type;                              ///< the engine's own words about reading a typical unit
  bool uses_index = false;
  Verdict verdict = Verdict::acceptable;
  std::string recommended_profile;
  int recommended_parallel = 1;
  std::string parallel_reason;
  std::vector<Remark> warnings;
  std::string suggestion;  ///< empty when there is nothing to do
  std::string rationale;   ///< why it is read the way it is
  std::int64_t units = 0;
  bool has_cursor = false, can_parallel = false;
  bool sparse = false;  ///< most of its units will be nearly empty
};

/// With the field names that users' scripts read.
nlohmann::ordered_json to_json(const Preflight& preflight);

}  // namespace rivet::model
