// SPDX-License-Identifier: Apache-2.0
// A partitioned export as exports of its own, one for each day, month or year. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "model/relation.hpp"

namespace rivet::plan {

/// Name of the partition of rows whose column is NULL, as Hive readers expect it.
inline constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";
/// At most this many partitions in one run.
inline constexpr std::int64_t kMaxPartitions = 10'000;

/// What separates an export's name from its partition's value: `<name>__<value>`.
inline constexpr std::string_view kPartitionMark = "__";

/// Kind config when the column of `partition_by` is missing or has no days.
Result<void> check_partition_column(const config::Export& entry, const model::Inventory& inventory);

/// One export per bucket from the first to the last value of `partition_by`, and one for NULL when there is any; also
/// for those of `known` (names of exports that ran before) which have no rows any more, so that their output does
/// not go stale. Together they hold every row once. Kind config for more than kMaxPartitions.
Result<std::vector<config::Export>> make_partitions(const config::Export& entry, const model::KeyExtent& extent,
                                                    const std::vector<std::string>& known);

/// The partition of that name (`<name>__<value>`); nothing when it is none of this export's.
std::optional<config::Export> partition_of(const config::Export& entry, std::string_view name);

}  // namespace rivet::plan
