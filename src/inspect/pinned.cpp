// SPDX-License-Identifier: Apache-2.0
// Between plan and apply lie hours: the table may have gone, changed or grown, and other runs may have come first.
#include "inspect/pinned.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "inspect/drift.hpp"
#include "model/position.hpp"
#include "plan/delta.hpp"
#include "plan/keys.hpp"

namespace rivet::inspect {
namespace {

constexpr std::string_view kPlanAgain = "make a new plan: rivet plan";

tl::unexpected<Error> refuse(ErrorKind kind, std::string_view code, std::string message, std::string_view hint) {
  return fail(Error{.kind = kind, .message = std::move(message), .code = std::string(code), .hint = std::string(hint)});
}

Result<void> require_same_source(source::Session& session, const model::Plan& pinned) {
  if (pinned.source_id.empty()) return {};
  const auto here = TRY(session.source_id());
  if (here.empty() || here == pinned.source_id) return {};
  if (model::is_repair(pinned)) {
    return refuse(ErrorKind::conflict, "RIVET_REPAIR_FOREIGN_SOURCE",
                  fmt::format("the output was read from database {}, and this is {}", pinned.source_id, here),
                  "point the source at that database, or run the export again");
  }
  return refuse(ErrorKind::conflict, "RIVET_PLAN_FOREIGN_SOURCE",
                fmt::format("the plan was made for database {}, and this is {}", pinned.source_id, here),
                "point the source at the database of the plan, or make a new plan");
}

/// Names what differs when it is a column; else the catalogue has changed in another way.
Result<void> require_same_shape(const model::Plan& plan, const model::Inventory& inventory) {
  if (inventory.fingerprint == plan.catalogue_fingerprint && inventory.columns == plan.source_columns) return {};
  std::string changes = "a column's native type, nullability or place";
  if (const auto change = compare_schemas(plan.source_columns, inventory.columns)) {
    changes = model::journal::to_text(*change);
  }
  return refuse(ErrorKind::drift, "RIVET_PLAN_SCHEMA_CHANGED",
                fmt::format("{} has changed since it was planned: {}", model::display_name(plan.relation), changes),
                kPlanAgain);
}

std::string shown(const std::optional<model::Position>& position) {
  if (!position) return "the beginning";
  return position->cursor.empty() ? "before the first cursor" : model::display_cursor(position->cursor);
}

Result<void> require_same_position(const Access& access, const model::Plan& plan) {
  if (!plan.incremental) return {};
  const auto stored = TRY(access.store.position(plan.export_name));
  if (stored == plan.incremental->since) return {};
  return refuse(ErrorKind::conflict, "RIVET_PLAN_CURSOR_MOVED",
                fmt::format("the plan goes on from {}, and runs of export '{}' have reached {} since it was made",
                            shown(plan.incremental->since), plan.export_name, shown(stored)),
                "make a new plan, which goes on from there: rivet plan");
}

/// A standby may lag behind the server that the plan was made on.
Result<void> require_settled(source::Session& session, const model::Plan& plan) {
  if (!plan.incremental || !plan.incremental->versions) return {};
  auto reached = *plan.incremental;
  reached.since = plan.incremental->until;
  return plan::check_horizon(reached, TRY(session.horizon()));
}

bool reads_null_keys(const model::Plan& plan) {
  return std::any_of(plan.units.begin(), plan.units.end(), [](const model::Unit& unit) {
    const auto& terms = unit.predicate.terms;
    return terms.empty() || std::any_of(terms.begin(), terms.end(),
                                        [](const auto& term) { return std::holds_alternative<model::NullKey>(term); });
  });
}

/// The last unit with an end, which is where the planned key ends.
const model::Unit* last_closed(const model::Plan& plan) {
  const auto found =
      std::find_if(plan.units.rbegin(), plan.units.rend(), [](const auto& u) { return !u.end_key.empty(); });
  return found == plan.units.rend() ? nullptr : &*found;
}

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t out = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, out);
  return problem == std::errc{} && stopped == end ? std::optional(out) : std::nullopt;
}

/// What is no 64-bit integer lies beyond all windows of such.
bool lies_within(const std::string& key, const std::string& first, const std::string& last) {
  const auto value = number(key);
  return value && number(first) <= value && value <= number(last);
}

Result<bool> reaches_beyond(const model::Plan& plan, const model::KeyExtent& extent) {
  const auto* last = last_closed(plan);
  if (last == nullptr || !extent.first) return false;
  if (plan.strategy == "days") {
    const auto& column = plan.key.front();
    return plan::text_of(TRY(plan::day_of(column, *extent.first))) < plan.units.front().start_key ||
           plan::text_of(TRY(plan::day_of(column, *extent.last))) >= last->end_key;
  }
  const auto& begin = plan.units.front().start_key;
  return !lies_within(extent.first->front(), begin, last->end_key) ||
         !lies_within(extent.last->front(), begin, last->end_key);
}

/// Windows of numbers and days were laid from end to end of the key as it was.
Result<void> look_at_ends(source::Session& session, model::Plan& plan) {
  if ((plan.strategy != "range" && plan.strategy != "days") || plan.units.front().predicate.is_whole()) return {};
  const auto extent = TRY(session.key_extent(plan.relation, {plan.key}));
  if (extent.has_null && !reads_null_keys(plan)) {
    return refuse(ErrorKind::drift, "RIVET_PLAN_KEY_CHANGED",
                  fmt::format("rows without {} have come since the plan was made, and no unit of it would read them",
                              plan.key.front()),
                  kPlanAgain);
  }
  if (!TRY(reaches_beyond(plan, extent))) return {};
  const auto* last = last_closed(plan);
  plan.warnings.push_back(
      {"key_grown",
       fmt::format("{} reaches from {} to {} now; the plan reads {} to {}: rows beyond are left to the next plan",
                   plan.key.front(), extent.first->front(), extent.last->front(), plan.units.front().start_key,
                   last->end_key)});
  return {};
}

}  // namespace

Result<Resolved> resolve_pinned(const Access& access, const config::Export& entry, const model::Plan& pinned,
                                base::Timestamp started_at) {
  auto session = TRY(access.source.open(probe_options(access, entry), access.stop));
  TRY(require_same_source(*session, pinned));
  auto inventory = TRY(session->describe(entry.relation, entry.columns));
  TRY(require_same_shape(pinned, inventory));
  if (!model::is_repair(pinned)) {
    TRY(require_same_position(access, pinned));
    TRY(require_settled(*session, pinned));
  }
  auto meta_columns = TRY(make_meta_columns(entry, inventory.columns, started_at));
  auto plan = pinned;
  if (!model::is_repair(plan)) TRY(look_at_ends(*session, plan));
  if (model::shares_instant(plan)) {
    plan.snapshot = TRY(session->share_snapshot());
    // The lock that comes with it keeps the table from being rewritten while its pages are read.
    if (plan.strategy == "pages") TRY(session->page_count(plan.relation));
  }
  return Resolved{.session = std::move(session),
                  .meta_columns = std::move(meta_columns),
                  .strategy = {},
                  .facts = {},
                  .inventory = std::move(inventory),
                  .plan = std::move(plan)};
}

}  // namespace rivet::inspect
