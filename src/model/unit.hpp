// SPDX-License-Identifier: Apache-2.0
// A unit: one bounded read of one export. Every mode is a list of units.
#pragma once

#include <string>
#include <string_view>

#include "model/predicate.hpp"

namespace rivet::model {

/// One bounded read. `start_key` and `end_key` are display forms, empty where there is no bound.
struct Unit {
  int index = 0;
  Predicate predicate;
  std::string start_key = {};
  std::string end_key = {};
  std::string reason = {};  ///< why the planner made it
};

/// Life cycle of a unit in the store. Only forward; completed is final.
enum class UnitStatus { pending, running, completed, failed };
std::string_view name_of(UnitStatus status);

}  // namespace rivet::model
