// SPDX-License-Identifier: Apache-2.0
// Neighbouring ranges of a key.
#pragma once

#include <optional>
#include <vector>

#include "model/relation.hpp"

namespace rivet::model {

/// The ranges that begin at `lower`, meet at each of `points` (which belong to the range before) and end at `upper`:
/// one more than there are points. REQUIRES: ascending.
std::vector<KeyRange> ranges_between(const KeyColumns& key, std::optional<Bound> lower,
                                     const std::vector<KeyValues>& points, std::optional<Bound> upper);

}  // namespace rivet::model
