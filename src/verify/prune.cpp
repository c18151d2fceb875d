// SPDX-License-Identifier: Apache-2.0
// The state says what is superseded, the listing what is still there.
#include "verify/prune.hpp"

#include <set>

#include "base/fault_point.hpp"
#include "model/manifest.hpp"

namespace rivet::verify {

Result<std::vector<std::string>> prune(state::StateStore& store, const destination::Destination& destination,
                                       const std::string& export_name) {
  std::set<std::string> superseded;
  for (const auto& file : TRY(store.files({.export_name = export_name, .limit = 0}))) {
    if (file.status == "superseded") superseded.insert(file.part.path);
  }
  std::vector<std::string> moved;
  for (const auto& object : TRY(destination.list())) {
    if (!superseded.contains(object.key)) continue;
    TRY(destination.move(object.key, std::string(model::kSupersededFolder) + object.key));
    moved.push_back(object.key);
    base::fault_point("pruned_one");
  }
  return moved;
}

}  // namespace rivet::verify
