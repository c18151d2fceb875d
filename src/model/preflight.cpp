// SPDX-License-Identifier: Apache-2.0
// Preflight results as JSON.
#include "model/preflight.hpp"

#include <array>

#include <nlohmann/json.hpp>

#include "model/json_fields.hpp"

namespace rivet::model {

using nlohmann::ordered_json;

std::string_view name_of(Verdict verdict) {
  static constexpr std::array<std::string_view, 4> names{"efficient", "acceptable", "degraded", "unsafe"};
  return names[static_cast<std::size_t>(verdict)];
}

std::string_view name_of(Severity severity) {
  static constexpr std::array<std::string_view, 3> names{"low", "medium", "high"};
  return names[static_cast<std::size_t>(severity)];
}

ordered_json to_json(const Preflight& preflight) {
  ordered_json out{{"export_name", preflight.export_name}, {"strategy", preflight.strategy}, {"mode", preflight.mode}};
  if (!preflight.cursor_column.empty()) out["cursor_column"] = preflight.cursor_column;
  out["row_estimate"] = or_null(preflight.row_estimate);
  out["row_source"] = preflight.row_source;
  out["avg_row_bytes"] = or_null(preflight.avg_row_bytes);
  if (preflight.cursor_min) out["cursor_min"] = *preflight.cursor_min;
  if (preflight.cursor_max) out["cursor_max"] = *preflight.cursor_max;
  out["scan_type"] = preflight.scan_type;
  out["uses_index"] = preflight.uses_index;
  out["verdict"] = name_of(preflight.verdict);
  out["recommended_profile"] = preflight.recommended_profile;
  out["recommended_parallel"] = {{"level", preflight.recommended_parallel}, {"reason", preflight.parallel_reason}};
  out["warnings"] = ordered_json::array();
  for (const auto& [severity, message] : preflight.warnings) {
    out["warnings"].push_back({{"severity", name_of(severity)}, {"message", message}});
  }
  if (!preflight.suggestion.empty()) out["suggestion"] = preflight.suggestion;
  out["capabilities"] = {{"uses_index", preflight.uses_index},
                         {"has_cursor", preflight.has_cursor},
                         {"can_parallel", preflight.can_parallel}};
  out["units"] = preflight.units;
  out["rationale"] = preflight.rationale;
  return out;
}

}  // namespace rivet::model
