// SPDX-License-Identifier: Apache-2.0
// The server counts what lies outside of the first and the last range.
#include "verify/rows_beyond.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace rivet::verify {
namespace {

using model::Bound;
using model::KeyRange;

/// From the beginning of the first range to the end of the last one; nothing where the plan has none.
std::optional<KeyRange> planned_span(const model::Plan& plan) {
  if (plan.strategy != "range" && plan.strategy != "days") return std::nullopt;
  std::optional<KeyRange> span;
  for (const auto& unit : plan.units) {
    if (unit.predicate.terms.empty()) continue;
    const auto* range = std::get_if<KeyRange>(&unit.predicate.terms.front());
    if (range == nullptr) continue;
    if (!span) span = *range;
    span->upper = range->upper;
  }
  return span;
}

Bound other_side_of(Bound bound) {
  bound.inclusive = !bound.inclusive;
  return bound;
}

std::string sentence(std::int64_t rows, const KeyRange& beyond) {
  const auto& bound = beyond.lower ? *beyond.lower : *beyond.upper;
  const auto side = beyond.lower ? (bound.inclusive ? "from" : "above") : (bound.inclusive ? "up to" : "below");
  return fmt::format("{} row{} with {} {} {} came since; the next run reads {}", rows, rows == 1 ? "" : "s",
                     beyond.columns.front(), side, bound.values.front(), rows == 1 ? "it" : "them");
}

}  // namespace

Result<std::vector<std::string>> tell_rows_beyond(source::Session& session, const model::Plan& plan,
                                                  const model::Relation& relation, const model::Inventory& inventory) {
  std::vector<std::string> told;
  const auto span = planned_span(plan);
  if (!span) return told;
  const auto& indexed = inventory.indexed;
  if (std::find(indexed.begin(), indexed.end(), span->columns.front()) == indexed.end()) return told;
  std::vector<KeyRange> outside;
  if (span->lower) outside.push_back({.columns = span->columns, .lower = {}, .upper = other_side_of(*span->lower)});
  if (span->upper) outside.push_back({.columns = span->columns, .lower = other_side_of(*span->upper), .upper = {}});
  if (outside.empty()) return told;
  source::CountRequest request{.relation = relation, .columns = inventory.columns, .predicates = {}};
  for (const auto& beyond : outside) request.predicates.push_back({{beyond}});
  const auto counts = TRY(session.count(request));
  for (std::size_t i = 0; i < outside.size(); ++i) {
    if (counts[i] > 0) told.push_back(sentence(counts[i], outside[i]));
  }
  return told;
}

}  // namespace rivet::verify
