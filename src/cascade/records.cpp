// SPDX-License-Identifier: Apache-2.0
// Words of stores and reports.
#include "cascade/records.hpp"

#include <algorithm>
#include <array>

namespace rivet::cascade {

bool covers(const Scope& scope, const std::string& name_space, const Tags& tags) {
  if (!scope.name_space.empty() && scope.name_space != name_space) return false;
  return std::all_of(scope.tags.begin(), scope.tags.end(), [&](const auto& tag) {
    const auto found = tags.find(tag.first);
    return found != tags.end() && found->second == tag.second;
  });
}

std::string_view name_of(RunState state) {
  static constexpr std::array<std::string_view, 4> names{"open", "done", "failed", "cancelled"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name_of(Phase phase) {
  static constexpr std::array<std::string_view, 4> names{"blocked", "runnable", "active", "terminal"};
  return names[static_cast<std::size_t>(phase)];
}

std::string_view name_of(GroupState state) {
  static constexpr std::array<std::string_view, 4> names{"pending", "satisfied", "impossible", "cancelled"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name_of(NodeKind kind) { return kind == NodeKind::gate ? "gate" : "export"; }

}  // namespace rivet::cascade
