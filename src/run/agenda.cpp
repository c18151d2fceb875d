// SPDX-License-Identifier: Apache-2.0
// The cascade decides; here it is asked and put into words.
#include "run/agenda.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rivet::run {
namespace {

using cascade::Decision;
using cascade::NodeId;
using cascade::Outcome;
using cascade::Phase;

std::string_view ended(Outcome outcome) {
  switch (outcome) {
    case Outcome::failed: return "failed";
    case Outcome::expired: return "did not end in time";
    case Outcome::cancelled: return "was stopped";
    case Outcome::skipped: return "was skipped";
    default: return "succeeded";
  }
}

}  // namespace

Agenda Agenda::of_independent(std::size_t count) {
  std::vector<cascade::NodeSpec> nodes(count);
  for (std::size_t i = 0; i < count; ++i) nodes[i].name = std::to_string(i);
  return Agenda(std::move(*cascade::Graph::make(nodes)));
}

Agenda::Turn Agenda::turn_of(NodeId id) const {
  switch (cascade_[id].phase) {
    case Phase::runnable: return Turn::begin;
    case Phase::terminal: return Turn::leave_out;
    default: return Turn::wait;
  }
}

std::vector<NodeId> Agenda::end(NodeId id, Outcome outcome) {
  cascade_.finish(id, cascade_[id].epoch, outcome);
  return cascade_.settle();
}

std::string Agenda::why_left_out(NodeId id) const {
  return cascade_[id].outcome == Outcome::skipped ? why_skipped(id) : why_cancelled(id);
}

std::string Agenda::why_skipped(NodeId id) const {
  std::vector<std::string> reasons;
  for (const auto& edge : cascade_[id].group->edges) {
    // Who was stopped as not needed came after the decision: nobody undecided waits for it.
    if (edge.verdict != cascade::Verdict::negative || cascade_[edge.up].cancel_requested) continue;
    const auto outcome = *cascade_[edge.up].outcome;
    reasons.push_back(fmt::format("'{}' {}", graph()[edge.up].name, ended(outcome)));
    if (outcome == Outcome::skipped) reasons.back() += fmt::format(" ({})", why_skipped(edge.up));
  }
  const auto& group = *graph()[id].group;
  const auto why = fmt::format("{}", fmt::join(reasons, ", "));
  if (group.kind == cascade::PolicyKind::all_of) return why;
  return fmt::format("{} of {} had to succeed: {}", group.needed(), group.upstreams.size(), why);
}

std::string Agenda::why_cancelled(NodeId id) const {
  for (const auto down : graph()[id].downstreams) {
    if (graph()[down].group->on_satisfied != cascade::OnSatisfied::cancel_remaining) continue;
    const auto state = cascade_[down].group->state;
    if (state == cascade::GroupState::satisfied)
      return fmt::format("not needed: '{}' has what it waited for", graph()[down].name);
    if (state == cascade::GroupState::impossible)
      return fmt::format("not needed: '{}' cannot run any more", graph()[down].name);
  }
  return "not needed any more";
}

Outcome outcome_of(const std::vector<report::RunOutcome>& outcomes) {
  const auto any = [&](auto is) { return std::any_of(outcomes.begin(), outcomes.end(), is); };
  if (any([](const auto& one) { return one.status == "failed"; })) return Outcome::failed;
  if (any([](const auto& one) { return one.status == "interrupted" || one.not_needed; })) return Outcome::cancelled;
  return Outcome::success;
}

void excuse_when_stopped(report::RunOutcome& outcome, const std::string& why) {
  if (outcome.status != "interrupted") return;
  outcome.status = "skipped";
  outcome.not_needed = true;
  outcome.skip_reason = why;
  outcome.error.reset();
}

}  // namespace rivet::run
