// SPDX-License-Identifier: Apache-2.0
// Neighbouring ranges of a key.
#pragma once

#include <optional>
#include <vector>

#include "model/relation.hpp"

namespace rivet::plan {

/// The ranges that begin at `lower`, meet at each of `points` (which belong to the range before) and end at `upper`:
/// one more than there are points. REQUIRES: ascending.
std::vector<model::KeyRange> ranges_between(const model::KeyColumns& key, std::optional<model::Bound> lower,
                                            const std::vector<model::KeyValues>& points,
                                            std::optional<model::Bound> upper);

}  // namespace rivet::plan
