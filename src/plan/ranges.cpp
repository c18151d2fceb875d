// SPDX-License-Identifier: Apache-2.0
// A point closes one range and opens the next.
#include "plan/ranges.hpp"

#include <utility>

namespace rivet::plan {

std::vector<model::KeyRange> ranges_between(const model::KeyColumns& key, std::optional<model::Bound> lower,
                                            const std::vector<model::KeyValues>& points,
                                            std::optional<model::Bound> upper) {
  std::vector<model::KeyRange> ranges;
  const auto add = [&](std::optional<model::Bound> end) {
    ranges.push_back(
        {.columns = key.columns, .lower = std::move(lower), .upper = std::move(end), .coalesced = key.coalesced});
  };
  for (const auto& point : points) {
    add(model::Bound{point, true});
    lower = model::Bound{point, false};
  }
  add(std::move(upper));
  return ranges;
}

}  // namespace rivet::plan
