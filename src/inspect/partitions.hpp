// SPDX-License-Identifier: Apache-2.0
// A partitioned export, asked for its first and last day and then run as one export for each partition.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "inspect/access.hpp"

namespace rivet::inspect {

/// The exports that run in the entry's place: itself, or its partitions. Asks the source for the ends of the partition
/// column. Errors as of plan::make_partitions() and of the source.
Result<std::vector<config::Export>> expand_partitions(const Access& access, const config::Export& entry);

}  // namespace rivet::inspect
