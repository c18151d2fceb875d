// SPDX-License-Identifier: Apache-2.0
// One short look at the source.
#include "inspect/partitions.hpp"

#include "plan/partitions.hpp"
#include "inspect/resolve.hpp"

namespace rivet::inspect {

Result<std::vector<config::Export>> expand_partitions(const Access& access, const config::Export& entry) {
  if (entry.keys.partition_by.empty() || !entry.family.empty()) return std::vector{entry};
  const auto session = TRY(access.source.open(probe_options(access, entry), access.stop));
  TRY(plan::check_partition_column(entry, TRY(session->describe(entry.relation, entry.columns))));
  const auto extent = TRY(session->key_extent(entry.relation, {{entry.keys.partition_by}}));
  return plan::make_partitions(entry, extent, TRY(access.store.known_exports()));
}

}  // namespace rivet::inspect
