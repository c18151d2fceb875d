// SPDX-License-Identifier: Apache-2.0
// Names of unit states.
#include "model/unit.hpp"

#include <array>

namespace rivet::model {

std::string_view name_of(UnitStatus status) {
  constexpr std::array<std::string_view, 4> names{"pending", "running", "completed", "failed"};
  return names[static_cast<std::size_t>(status)];
}

}  // namespace rivet::model
