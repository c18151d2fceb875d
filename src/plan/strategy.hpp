// SPDX-License-Identifier: Apache-2.0
// The choice of how an export is cut into units, made from configuration and inventory alone. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "model/plan.hpp"
#include "model/relation.hpp"

namespace rivet::plan {

/// What the planner is told beside configuration and inventory: what the source's engine can do (see
/// source::Capabilities), what earlier runs of the export covered, and the time.
struct Circumstances {
  bool shared_snapshot = false;
  bool pages = false;
  bool row_versions = false;
  std::optional<model::Position> since = {};
  base::Timestamp now = {};
};

/// How an export is cut. What remains open (where a key begins, where it is cut) is asked of the source.
struct Strategy {
  enum class Shape {
    whole,            ///< one unit
    integer_windows,  ///< windows of equal width over an integer key
    key_ranges,       ///< ranges between boundaries that the server names
    days,             ///< half-open windows of whole days
    row_numbers,      ///< windows over the rows' positions in key order
    pages,            ///< physical pages of the table
    window,           ///< ranges of a time column from `from` to its greatest value
    delta             ///< what earlier runs have not exported, in ranges; with `incremental`
  };

  Shape shape = Shape::whole;
  std::vector<std::string> key = {};                   ///< empty for whole and pages
  model::KeyValues from = {};                          ///< window: where it begins, inclusive
  std::int64_t step = 0;                               ///< width of a window in keys, days or rows; 0: from `units`
  std::int64_t units = 1;                              ///< wanted number where there is no step
  std::int64_t densest = 0;                            ///< windows that a key without holes would need; 0: not known
  bool shared_snapshot = false;                        ///< all units read the same instant
  std::optional<model::Incremental> incremental = {};  ///< delta: what is known before the source is asked
  bool nullable = false;                               ///< delta: a row may have no cursor
  bool looks_back_far = false;  ///< delta: late rows are looked for among all rows, not only the remembered ones
  std::string reason = {};      ///< one sentence for people
  std::vector<model::PlanWarning> warnings = {};
};

/// As it stands in plans and journals.
std::string_view name_of(Strategy::Shape shape);

/// Chooses. Kind config when the configuration asks for what the relation or the engine does not have, naming the
/// alternatives.
Result<Strategy> choose_strategy(const config::Export& entry, const model::Inventory& inventory,
                                 const Circumstances& told);

}  // namespace rivet::plan
