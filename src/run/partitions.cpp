// SPDX-License-Identifier: Apache-2.0
// One short look at the source.
#include "run/partitions.hpp"

#include "plan/partitions.hpp"
#include "run/inspect.hpp"

namespace rivet::run {

Result<std::vector<config::Export>> expand_partitions(const Environment& environment, const config::Export& entry) {
  if (entry.keys.partition_by.empty() || !entry.family.empty()) return std::vector{entry};
  const auto session = TRY(environment.source.open(probe_options(entry), environment.stop));
  TRY(plan::check_partition_column(entry, TRY(session->describe(entry.relation, entry.columns))));
  const auto extent = TRY(session->key_extent(entry.relation, {{entry.keys.partition_by}}));
  return plan::make_partitions(entry, extent, TRY(environment.store.known_exports()));
}

}  // namespace rivet::run
