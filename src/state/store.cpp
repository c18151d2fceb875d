// SPDX-License-Identifier: Apache-2.0
// Names of the stages of a run.
#include "state/store.hpp"

#include <array>

namespace rivet::state {

std::string_view name_of(RunStage stage) {
  constexpr std::array<std::string_view, 4> names{"running", "sealed", "published", "ended"};
  return names[static_cast<std::size_t>(stage)];
}

}  // namespace rivet::state
