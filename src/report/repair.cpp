// SPDX-License-Identifier: Apache-2.0
// Actions as lines and as documents.
#include "report/repair.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/json.hpp"

namespace rivet::report {
namespace {

using Json = nlohmann::ordered_json;

Json action_json(const model::RepairAction& action) {
  auto units = Json::array();
  for (const auto& unit : action.units) units.push_back({{"run_id", unit.run_id}, {"unit_index", unit.index}});
  return {{"chunk_index", action.number}, {"start_key", action.start_key},     {"end_key", action.end_key},
          {"reason", action.reason},      {"export_name", action.export_name}, {"replaces", std::move(units)},
          {"exported_rows", action.rows}};
}

Json outcome_json(const model::RepairOutcome& outcome) {
  if (outcome.executed) return {{"executed", {{"rows_written", outcome.rows_written}}}};
  return {{"failed", {{"error", outcome.error}}}};
}

std::int64_t executed_in(const model::RepairReport& report) {
  return std::count_if(report.results.begin(), report.results.end(), [](const auto& one) { return one.executed; });
}

std::int64_t rows_written(const model::RepairReport& report) {
  std::int64_t rows = 0;
  for (const auto& one : report.results) rows += one.rows_written;
  return rows;
}

std::string name_of(const model::RepairAction& action, const model::RepairPlan& plan) {
  const auto keys = action.start_key.empty() && action.end_key.empty()
                        ? std::string("all")
                        : fmt::format("{}..{}", action.start_key, action.end_key);
  const auto chunk = fmt::format("chunk {} [{}]", action.number, keys);
  return action.export_name == plan.export_name ? chunk : action.export_name + " " + chunk;
}

std::string head(const model::RepairPlan& plan) {
  return fmt::format("\n  Export    : {}\n  Reconciled: run {}\n", plan.export_name, plan.reconcile_run_id);
}

std::string skips(const model::RepairPlan& plan, const Style& style) {
  std::string text;
  for (const auto& skip : plan.skipped) {
    text += fmt::format("    {} {}: {}\n", style.doubt("skipped"), skip.identifier, skip.reason);
  }
  return text;
}

}  // namespace

Json repair_plan_json(const model::RepairPlan& plan) {
  auto actions = Json::array(), skipped = Json::array();
  for (const auto& action : plan.actions) actions.push_back(action_json(action));
  for (const auto& skip : plan.skipped) {
    skipped.push_back({{"identifier", skip.identifier}, {"reason", skip.reason}});
  }
  return {
      {"rivet_version", RIVET_VERSION}, {"export_name", plan.export_name}, {"reconcile_run_id", plan.reconcile_run_id},
      {"strategy", plan.strategy},      {"actions", std::move(actions)},   {"skipped", std::move(skipped)}};
}

Json repair_report_json(const model::RepairReport& report) {
  auto results = Json::array();
  for (const auto& one : report.results) {
    results.push_back({{"action", action_json(one.action)}, {"outcome", outcome_json(one)}});
  }
  const auto executed = executed_in(report);
  return {{"plan", repair_plan_json(report.plan)},
          {"repair_run_id", report.repair_run_ids.empty() ? Json(nullptr) : Json(report.repair_run_ids.front())},
          {"repair_run_ids", report.repair_run_ids},
          {"results", std::move(results)},
          {"summary",
           {{"planned", report.plan.actions.size()},
            {"executed", executed},
            {"skipped", report.plan.skipped.size()},
            {"failed", static_cast<std::int64_t>(report.results.size()) - executed},
            {"rows_written", rows_written(report)}}},
          {"pruned", report.pruned}};
}

std::string repair_plan_text(const model::RepairPlan& plan, const std::string& execute, const Style& style) {
  auto text = head(plan);
  text += fmt::format("  Would read: {} of the units that differ, and replace their parts\n", plan.actions.size());
  for (const auto& action : plan.actions) {
    text += fmt::format("    {} ({})\n", name_of(action, plan), action.reason);
  }
  text += skips(plan, style);
  if (plan.actions.empty()) return text + "  Nothing to do.\n\n";
  return text + fmt::format("\n  This was a dry run: nothing was changed. Carry it out with: {}\n\n", execute);
}

std::string repair_report_text(const model::RepairReport& report, const Style& style) {
  auto text = head(report.plan);
  for (const auto& run : report.repair_run_ids) text += fmt::format("  Repair run: {}\n", run);
  for (const auto& one : report.results) {
    text += fmt::format("    {}: {}\n", name_of(one.action, report.plan),
                        one.executed ? style.good(fmt::format("{} rows written", one.rows_written))
                                     : style.bad("failed: " + one.error));
  }
  text += skips(report.plan, style);
  if (!report.pruned.empty()) {
    text += fmt::format("  Pruned    : {} superseded file(s) moved to _superseded/\n", report.pruned.size());
  }
  if (report.plan.actions.empty()) return text + "  Nothing to repair.\n\n";
  const auto executed = executed_in(report);
  if (executed != static_cast<std::int64_t>(report.results.size())) {
    return text + fmt::format("  Status    : {}\n\n", style.bad("the output stands as it was"));
  }
  return text + fmt::format("  Status    : {}, {} rows; reconcile again to verify\n\n",
                            style.good("the manifest names the new parts"), rows_written(report));
}

}  // namespace rivet::report
