// SPDX-License-Identifier: Apache-2.0
// EXPLAIN (https://www.postgresql.org/docs/15/using-explain.html): the leaves of the tree say how rows are found.
#include "source/postgres/explain.hpp"

#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

using nlohmann::json;

/// Whether some node of the tree reads a table from one end to the other.
bool reads_everything(const json& node) {
  const auto type = node.value("Node Type", "");
  if (type == "Seq Scan" || type == "Sample Scan" || type == "Foreign Scan") return true;
  if (!node.contains("Plans")) return false;
  for (const auto& child : node["Plans"]) {
    if (reads_everything(child)) return true;
  }
  return false;
}

/// As EXPLAIN's text form has it.
std::string first_line(const json& node) {
  std::string text = node.value("Node Type", "");
  if (node.contains("Index Name")) text += " using " + node.value("Index Name", "");
  if (node.contains("Relation Name")) text += " on " + node.value("Relation Name", "");
  return fmt::format("{}  (cost={:.2f}..{:.2f} rows={:.0f} width={})", text, node.value("Startup Cost", 0.0),
                     node.value("Total Cost", 0.0), node.value("Plan Rows", 0.0), node.value("Plan Width", 0));
}

Result<json> root_of(Connection& connection, const std::string& select, std::chrono::seconds limit) {
  const auto explained = TRY(connection.execute("EXPLAIN (FORMAT JSON) " + select, limit));
  const auto plan = json::parse(cell(explained, 0, 0), nullptr, false);
  if (plan.is_array() && !plan.empty() && plan[0].contains("Plan")) return plan[0]["Plan"];
  return fail(ErrorKind::internal, "the server explains the statement in an unknown form");
}

}  // namespace

Result<model::ScanPlan> explain_select(Connection& connection, const std::string& select, std::chrono::seconds limit) {
  const auto root = TRY(root_of(connection, select, limit));
  model::ScanPlan plan{.text = first_line(root),
                       .uses_index = !reads_everything(root),
                       .has_index = false,
                       .rows = static_cast<std::int64_t>(root.value("Plan Rows", 0.0)),
                       .bytes_per_row = root.value("Plan Width", 0)};
  plan.has_index = plan.uses_index;
  if (plan.uses_index) return plan;
  TRY(connection.execute("SET LOCAL enable_seqscan = off", limit));
  plan.has_index = !reads_everything(TRY(root_of(connection, select, limit)));
  return plan;
}

}  // namespace rivet::source::postgres
