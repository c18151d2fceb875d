// SPDX-License-Identifier: Apache-2.0
// A strategy and what the source said about its key, to the list of units. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/relation.hpp"
#include "model/unit.hpp"
#include "plan/strategy.hpp"

namespace rivet::plan {

/// Answers of the source; which of them a strategy needs is told by its shape.
struct KeyFacts {
  model::KeyExtent extent;                     ///< all shapes with a key
  std::vector<model::KeyValues> split_points;  ///< key_ranges
  std::int64_t pages = 0;                      ///< pages
  std::int64_t rows = 0;                       ///< row_numbers
  std::optional<model::Horizon> horizon;       ///< delta, when rows are told apart by version
  std::optional<model::KeyValues> floor;       ///< delta: remembered rows lie behind it; none: as far as rows go
  std::int64_t new_rows = 0;                   ///< delta: as estimated
};

/// At most this many units in one run.
inline constexpr std::int64_t kMaxUnits = 50'000'000;

/// The units, which together hold every row once. Kind config for a key with too many holes and for more than
/// kMaxUnits; kind permanent for key values that are not what the shape needs.
Result<std::vector<model::Unit>> make_units(const Strategy& strategy, const KeyFacts& facts);

/// Why no row can be in two units or in none, in one sentence, having checked each pair of neighbours. Kind internal
/// when it is not so.
Result<std::string> prove_tiling(const Strategy& strategy, const KeyFacts& facts,
                                 const std::vector<model::Unit>& units);

}  // namespace rivet::plan
