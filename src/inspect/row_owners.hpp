// SPDX-License-Identifier: Apache-2.0
// Which unit of an incremental export's runs remembers which rows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "batch/known_rows.hpp"
#include "model/unit.hpp"
#include "state/store.hpp"

namespace rivet::inspect {

/// The rows that units of published runs remember, by unit; an older unit has a lower number. Rows that were told apart
/// in another way are left out. Immutable; any thread may read it.
class RowOwners {
 public:
  RowOwners() = default;
  /// For rows that are told apart by `identity`. Kind data for damaged memory.
  static Result<RowOwners> load(state::StateStore& store, const std::string& export_name,
                                const batch::RowIdentity& identity);

  const batch::KnownRows& rows() const { return rows_; }
  /// The unit's number among the owners; nothing when it remembers no row.
  std::optional<int> of(const model::UnitRef& unit) const;
  /// How many rows the unit remembers.
  std::int64_t rows_of(const model::UnitRef& unit) const;
  /// Whether the run told its rows apart by other columns, or other types of them.
  bool is_stranger(const std::string& run_id) const { return strangers_.contains(run_id); }

 private:
  struct Owner {
    int number = 0;
    std::int64_t rows = 0;
  };

  batch::KnownRows rows_;
  std::map<std::pair<std::string, int>, Owner> owners_;  // by run and unit
  std::set<std::string> strangers_;
};

}  // namespace rivet::inspect
