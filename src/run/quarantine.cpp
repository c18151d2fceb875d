// SPDX-License-Identifier: Apache-2.0
// Moves parts that no committed unit names out of readers' sight.
#include "run/quarantine.hpp"

#include "model/manifest.hpp"

namespace rivet::run {

Result<void> quarantine(const destination::Destination& destination, std::string_view stem,
                        const std::set<std::string>& keep, std::string_view run_id) {
  if (!destination.capabilities().can_list) return {};
  TRY(destination.sweep(stem));
  for (const auto& object : TRY(destination.list())) {
    if (!object.key.starts_with(stem) || keep.contains(object.key)) continue;
    TRY(destination.move(object.key, std::string(model::kQuarantineFolder) + std::string(run_id) + "/" + object.key));
  }
  return {};
}

}  // namespace rivet::run
