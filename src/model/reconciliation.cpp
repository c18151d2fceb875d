// SPDX-License-Identifier: Apache-2.0
// Names and sums.
#include "model/reconciliation.hpp"

#include <algorithm>

namespace rivet::model {

std::string_view name_of(ReconcileDepth depth) { return depth == ReconcileDepth::count ? "count" : "content"; }

std::optional<ReconcileDepth> parse_reconcile_depth(std::string_view text) {
  for (const auto depth : {ReconcileDepth::count, ReconcileDepth::content}) {
    if (name_of(depth) == text) return depth;
  }
  return std::nullopt;
}

std::string_view name_of(UnitMatch match) {
  switch (match) {
    case UnitMatch::match: return "match";
    case UnitMatch::mismatch: return "mismatch";
    case UnitMatch::unknown: break;
  }
  return "unknown";
}

std::string_view name_of(Cause cause) {
  switch (cause) {
    case Cause::corruption: return "corruption";
    case Cause::loss: return "loss";
    case Cause::drift: return "drift";
    case Cause::record: return "record";
    case Cause::undetermined: break;
  }
  return "undetermined";
}

std::string_view name_of(RowChange change) {
  switch (change) {
    case RowChange::missing: return "missing";
    case RowChange::extra: return "extra";
    case RowChange::changed: break;
  }
  return "changed";
}

void DifferenceCounts::add(RowChange change, Cause cause) {
  ++(change == RowChange::missing ? missing : change == RowChange::extra ? extra : changed);
  switch (cause) {
    case Cause::loss: ++loss; break;
    case Cause::drift: ++drift; break;
    case Cause::corruption: ++corruption; break;
    default: ++undetermined; break;
  }
}

DifferenceCounts& DifferenceCounts::operator+=(const DifferenceCounts& other) {
  missing += other.missing;
  extra += other.extra;
  changed += other.changed;
  loss += other.loss;
  drift += other.drift;
  corruption += other.corruption;
  undetermined += other.undetermined;
  complete = complete && other.complete;
  return *this;
}

std::int64_t Reconciliation::count(UnitMatch match) const {
  return std::count_if(units.begin(), units.end(), [&](const auto& unit) { return unit.match == match; });
}

std::int64_t Reconciliation::drifted() const {
  return std::count_if(units.begin(), units.end(), [](const auto& unit) {
    return unit.match == UnitMatch::mismatch && unit.causes == std::set{Cause::drift};
  });
}

DifferenceCounts Reconciliation::differences() const {
  DifferenceCounts sum;
  for (const auto& unit : units) sum += unit.counts;
  return sum;
}

std::int64_t Reconciliation::source_rows() const {
  std::int64_t sum = 0;
  for (const auto& unit : units) sum += unit.source_rows.value_or(0);
  return sum;
}

std::int64_t Reconciliation::recorded_rows() const {
  std::int64_t sum = 0;
  for (const auto& unit : units) sum += unit.recorded_rows.value_or(0);
  return sum;
}

}  // namespace rivet::model
