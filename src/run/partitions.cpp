// SPDX-License-Identifier: Apache-2.0
// One short look at the source.
#include "run/partitions.hpp"

#include "plan/partitions.hpp"
#include "run/inspect.hpp"

namespace rivet::run {

Result<std::vector<config::Export>> expand_partitions(const Environment& environment, const config::Export& entry) {
  if (entry.keys.partition_by.empty() || !entry.family.empty()) return std::vector{entry};
  const auto session = TRY(environment.source.open(probe_options(entry), environment.stop));
  const auto inventory = TRY(session->describe(entry.relation, entry.columns));
  TRY(plan::make_partitions(entry, inventory, {}, {}));  // says what is wrong with the column before it is searched
  const auto extent = TRY(session->key_extent(entry.relation, {{entry.keys.partition_by}}));
  return plan::make_partitions(entry, inventory, extent, TRY(environment.store.known_exports()));
}

}  // namespace rivet::run
