// SPDX-License-Identifier: Apache-2.0
// Words for people.
#include "state/store.hpp"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rivet::state {

std::string_view name_of(RunStage stage) {
  constexpr std::array<std::string_view, 4> names{"running", "sealed", "published", "ended"};
  return names[static_cast<std::size_t>(stage)];
}

Error unknown_export(std::string_view location, std::string_view name, const std::vector<std::string>& known) {
  return {
      .kind = ErrorKind::config,
      .message = fmt::format("the state store {} knows no export '{}'", location, name),
      .hint = known.empty() ? "no export has run yet" : fmt::format("exports it knows: {}", fmt::join(known, ", "))};
}

}  // namespace rivet::state
