// SPDX-License-Identifier: Apache-2.0
// All policies are one: so many of so many.
#include "cascade/policy.hpp"

#include <array>

namespace rivet::cascade {

Verdict verdict_of(Outcome outcome) { return outcome == Outcome::success ? Verdict::success : Verdict::negative; }

std::size_t needed(PolicyKind kind, std::size_t k, std::size_t n) {
  switch (kind) {
    case PolicyKind::any_of: return 1;
    case PolicyKind::quorum: return k;
    default: return n;
  }
}

Decision decide(std::size_t needed, const Counters& counters) {
  if (counters.success >= needed) return Decision::satisfied;
  return counters.negative + needed > counters.n ? Decision::impossible : Decision::pending;
}

std::string_view name_of(Outcome outcome) {
  static constexpr std::array<std::string_view, 5> names{"success", "failed", "expired", "cancelled", "skipped"};
  return names[static_cast<std::size_t>(outcome)];
}

std::string_view name_of(PolicyKind kind) {
  static constexpr std::array<std::string_view, 3> names{"all_of", "any_of", "quorum"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(OnSatisfied choice) { return choice == OnSatisfied::let_run ? "let_run" : "cancel_remaining"; }

}  // namespace rivet::cascade
