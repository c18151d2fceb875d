// SPDX-License-Identifier: Apache-2.0
// One EXPLAIN, of a unit in the middle: the ends of a key are seldom typical.
#include "inspect/preflight.hpp"

#include <utility>

#include <fmt/format.h>

#include "plan/predict.hpp"
#include "plan/preflight.hpp"

namespace rivet::inspect {
namespace {

/// About how many rows the units will read.
std::optional<std::int64_t> rows_to_read(const Resolved& resolved) {
  const auto& [facts, plan] = std::tie(resolved.facts, resolved.plan);
  if (plan.strategy == "dense") return facts.rows;
  if (plan.incremental && plan.incremental->since) return facts.new_rows;
  return plan.row_estimate;
}

std::optional<std::int64_t> bytes_per_row(const model::Inventory& inventory) {
  if (!inventory.total_bytes || inventory.row_estimate.value_or(0) == 0) return std::nullopt;
  return *inventory.total_bytes / *inventory.row_estimate;
}

Result<model::ScanPlan> explain_typical_unit(Resolved& resolved) {
  const auto& plan = resolved.plan;
  if (plan.units.empty()) return model::ScanPlan{};
  return resolved.session->explain({.relation = plan.relation,
                                    .columns = plan.source_columns,
                                    .predicate = plan.units[plan.units.size() / 2].predicate,
                                    .limits = {}});
}

}  // namespace

void add_prediction(const Access& access, const config::Export& entry, Resolved& resolved) {
  const auto engine = access.source.capabilities();
  const plan::PredictionFacts facts{.rows = rows_to_read(resolved),
                                    .bytes_per_row = bytes_per_row(resolved.inventory),
                                    .counted = resolved.plan.strategy == "dense",
                                    .statements_to_plan = engine.statements_to_plan,
                                    .statements_per_unit = engine.statements_per_unit,
                                    .history = resolved.history};
  resolved.plan.prediction = plan::predict(entry, resolved.plan, facts);
}

Result<model::Preflight> preflight(const config::Export& entry, Resolved& resolved, base::Timestamp now) {
  auto scan = explain_typical_unit(resolved);
  if (!scan && (scan.error().kind == ErrorKind::cancelled || scan.error().kind == ErrorKind::auth)) {
    return fail(std::move(scan).error());  // a read would be refused as well
  }
  const auto left = TRY(resolved.session->connections_left());
  auto out = plan::judge(entry, resolved.plan,
                         {.inventory = resolved.inventory,
                          .key = resolved.facts,
                          .scan = scan ? *scan : model::ScanPlan{},
                          .history = resolved.history,
                          .connections_left = left,
                          .now = now});
  if (!scan) {
    out.warnings.push_back({model::Severity::medium, "how it would be read is not known: " + scan.error().to_string()});
  }
  return out;
}

}  // namespace rivet::inspect
