// SPDX-License-Identifier: Apache-2.0
// A unit: one bounded read of one export. Every mode is a list of units.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/predicate.hpp"

namespace rivet::model {

/// A unit by its run.
struct UnitRef {
  std::string run_id;
  int index = 0;

  bool operator==(const UnitRef&) const = default;
};

/// Whose parts the unit of a repair replaces once its run is sealed.
struct Replacement {
  std::vector<UnitRef> units;
  int number = 0;  ///< under which people know them: the index of the unit that was planned first

  bool operator==(const Replacement&) const = default;
};

/// One bounded read. `start_key` and `end_key` are display forms, empty where there is no bound.
struct Unit {
  int index = 0;
  Predicate predicate;
  std::string start_key = {};
  std::string end_key = {};
  std::string reason = {};  ///< why the planner made it
  std::optional<Replacement> replaces = {};
};

/// Life cycle of a unit in the store. Only forward; completed is final.
enum class UnitStatus { pending, running, completed, failed };
std::string_view name_of(UnitStatus status);

}  // namespace rivet::model
