// SPDX-License-Identifier: Apache-2.0
// A point closes one range and opens the next.
#include "model/ranges.hpp"

#include <utility>

namespace rivet::model {

std::vector<KeyRange> ranges_between(const KeyColumns& key, std::optional<Bound> lower,
                                     const std::vector<KeyValues>& points, std::optional<Bound> upper) {
  std::vector<KeyRange> ranges;
  const auto add = [&](std::optional<Bound> end) {
    ranges.push_back(
        {.columns = key.columns, .lower = std::move(lower), .upper = std::move(end), .coalesced = key.coalesced});
  };
  for (const auto& point : points) {
    add(Bound{point, true});
    lower = Bound{point, false};
  }
  add(std::move(upper));
  return ranges;
}

}  // namespace rivet::model
