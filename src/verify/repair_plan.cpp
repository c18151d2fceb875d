// SPDX-License-Identifier: Apache-2.0
// A unit is read again by its own predicate; the run that does so names what it replaces.
#include "verify/repair_plan.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "inspect/remembered.hpp"
#include "model/json_fields.hpp"

namespace rivet::verify {
namespace {

/// The number in `chunk 2 [200001..300000]`; nothing for another form.
std::optional<std::int64_t> number_of(std::string_view identifier) {
  constexpr std::string_view kWord = "chunk ";
  if (!identifier.starts_with(kWord)) return std::nullopt;
  identifier.remove_prefix(kWord.size());
  return base::to_integer(identifier.substr(0, identifier.find(' ')));
}

bool concerns(const FlaggedUnit& flagged, const Subject& subject) {
  return std::any_of(subject.units.begin(), subject.units.end(), [&](const state::LiveUnit& unit) {
    if (flagged.run_id.empty()) return number_of(flagged.identifier) == std::optional<std::int64_t>(unit.view.number);
    return unit.run_id == flagged.run_id && unit.view.unit.index == flagged.index;
  });
}

model::RepairAction action_for(const Subject& subject, const std::string& export_name, const std::string& reason) {
  const auto& view = subject.first().view;
  model::RepairAction action{.export_name = export_name,
                             .units = {},
                             .number = view.number,
                             .start_key = view.unit.start_key,
                             .end_key = subject.units.back().view.unit.end_key,
                             .reason = reason};
  for (const auto& unit : subject.units) {
    action.units.push_back({.run_id = unit.run_id, .index = unit.view.unit.index});
    action.rows += unit.view.rows;
  }
  return action;
}

bool is_planned(const model::RepairPlan& plan, const model::RepairAction& action) {
  return std::any_of(plan.actions.begin(), plan.actions.end(),
                     [&](const auto& other) { return other.units == action.units; });
}

void plan_one(const FlaggedUnit& flagged, const std::string& export_name, const CurrentOutput& output,
              const RowShares& shares, model::RepairPlan& plan) {
  const auto skip = [&](std::string reason) {
    plan.skipped.push_back({.identifier = flagged.identifier, .reason = std::move(reason)});
  };
  const auto subject = std::find_if(output.subjects.begin(), output.subjects.end(),
                                    [&](const Subject& one) { return concerns(flagged, one); });
  if (subject == output.subjects.end()) {
    return skip("it is no unit of the current output: another run, or a repair, has replaced it");
  }
  const auto obstacle = shares.obstacle(*subject);
  if (!obstacle.empty()) {
    return skip(
        fmt::format("other runs have read the same stretch, and {}: reading it again could add rows twice; "
                    "`rivet state reset` and a new run make a new output",
                    obstacle));
  }
  auto action = action_for(*subject, export_name, flagged.reason);
  if (!is_planned(plan, action)) plan.actions.push_back(std::move(action));
}

const Subject& subject_of(const model::RepairAction& action, const CurrentOutput& output) {
  const auto& wanted = action.units.front();
  return *std::find_if(output.subjects.begin(), output.subjects.end(), [&](const Subject& subject) {
    return subject.first().run_id == wanted.run_id && subject.first().view.unit.index == wanted.index;
  });
}

/// Of an incremental run: units that look again come first, those that remember their rows last, as in any such plan.
enum class Order { looks_again, forgets, remembers };

Order order_of(const model::RepairAction& action, const CurrentOutput& output) {
  const auto& subject = subject_of(action, output);
  const auto& unit = subject.first().view.unit;
  const auto& incremental = subject.plan->incremental;
  if (!incremental) return Order::remembers;
  if (model::looks_again(*incremental, unit)) return Order::looks_again;
  return model::remembers_rows(*incremental, unit) ? Order::remembers : Order::forgets;
}

/// The predicate, up to the row versions below `settled`.
model::Predicate as_of(std::optional<std::int64_t> settled, model::Predicate predicate) {
  for (auto& term : predicate.terms) {
    if (auto* versions = std::get_if<model::VersionRange>(&term); versions != nullptr && settled) {
      versions->below = *settled;
    }
  }
  return predicate;
}

std::string fingerprint_of(const std::string& base, const std::vector<model::RepairAction>& actions) {
  base::FieldHasher hasher;
  hasher.add("repair").add(base);
  for (const auto& action : actions) {
    for (const auto& unit : action.units) hasher.add(unit.run_id).add(std::to_string(unit.index));
  }
  return hasher.hex();
}

}  // namespace

Complaints complaints_of(const model::Reconciliation& result) {
  Complaints out{.export_name = result.export_name, .run_id = result.run_id, .strategy = result.mode, .units = {}};
  for (const auto& unit : result.units) {
    if (unit.match == model::UnitMatch::match) continue;
    out.units.push_back({.export_name = unit.export_name,
                         .run_id = unit.unit.run_id,
                         .index = unit.unit.index,
                         .identifier = unit.identifier,
                         .reason = unit.note});
  }
  return out;
}

Result<Complaints> complaints_from_json_text(std::string_view text) {
  const auto json = model::parse_json(text);
  const auto document = json ? *json : nlohmann::json();
  model::FieldReader root(document, "report");
  Complaints out{.export_name = root.text("export_name"),
                 .run_id = root.text("run_id"),
                 .strategy = root.text_or_empty("strategy"),
                 .units = {}};
  const auto& partitions = root.array("partitions");
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    auto unit = root.element(partitions[i], "partitions", i);
    FlaggedUnit flagged{.export_name = unit.text_or_empty("export_name"),
                        .run_id = unit.text_or_empty("run_id"),
                        .index = unit.has("unit_index") ? unit.small_count("unit_index") : -1,
                        .identifier = unit.text("identifier"),
                        .reason = unit.text_or_empty("note")};
    if (unit.text("status") != name_of(model::UnitMatch::match)) out.units.push_back(std::move(flagged));
  }
  const auto read = root.finish();
  if (json && read) return out;
  return fail(ErrorKind::config,
              fmt::format("this is no report of rivet reconcile: {}", (json ? read.error() : json.error()).message),
              "make one: rivet reconcile --format json -o FILE");
}

model::RepairPlan make_repair_plan(const Complaints& complaints, const std::string& export_name,
                                   const CurrentOutput& output, const RowShares& shares) {
  model::RepairPlan plan{.export_name = complaints.export_name,
                         .reconcile_run_id = complaints.run_id,
                         .strategy = complaints.strategy,
                         .actions = {},
                         .skipped = {}};
  for (const auto& flagged : complaints.units) {
    if (flagged.export_name.empty() || flagged.export_name == export_name)
      plan_one(flagged, export_name, output, shares, plan);
  }
  std::stable_sort(plan.actions.begin(), plan.actions.end(),
                   [&](const auto& a, const auto& b) { return order_of(a, output) < order_of(b, output); });
  return plan;
}

bool needs_horizon(const CurrentOutput& output) {
  const auto& plan = *output.plans.at(output.run.run_id);
  return plan.incremental && plan.incremental->versions && inspect::leaves_out_known(*plan.incremental);
}

model::Plan plan_of_repair(const std::vector<model::RepairAction>& actions, const CurrentOutput& output,
                           std::optional<std::int64_t> settled) {
  model::Plan plan = *output.plans.at(output.run.run_id);
  plan.units.clear();
  for (const auto& action : actions) {
    plan.units.push_back({.index = static_cast<int>(plan.units.size()),
                          .predicate = as_of(settled, subject_of(action, output).predicate()),
                          .start_key = action.start_key,
                          .end_key = action.end_key,
                          .reason = action.reason,
                          .replaces = model::Replacement{.units = action.units, .number = action.number}});
  }
  plan.reason = "what a reconciliation found to differ is read again";
  plan.consistency = "unit";
  plan.snapshot.clear();
  plan.tiling = "each unit reads what the units that it replaces have read";
  plan.warnings.clear();
  plan.prediction.reset();
  if (plan.incremental) {
    const auto are_before = [&](Order end) {
      return static_cast<int>(std::count_if(actions.begin(), actions.end(),
                                            [&](const auto& action) { return order_of(action, output) < end; }));
    };
    plan.incremental->again_units = are_before(Order::forgets);
    plan.incremental->remember_from = are_before(Order::remembers);
  }
  plan.fingerprint = fingerprint_of(plan.fingerprint, actions);
  return plan;
}

}  // namespace rivet::verify
