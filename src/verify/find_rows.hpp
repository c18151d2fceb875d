// SPDX-License-Identifier: Apache-2.0
// From buckets whose sums differ to the rows that do, and to what is to blame for each.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "base/result.hpp"
#include "batch/digest.hpp"
#include "model/reconciliation.hpp"
#include "source/source.hpp"
#include "verify/part_check.hpp"

namespace rivet::verify {

struct UnitToCompare;

/// Row hashes, summed modulo 2^64.
struct RowSum {
  std::uint64_t rows = 0, low = 0, high = 0;

  void add(const batch::RowHash& hash) {
    ++rows;
    low += hash.low;
    high += hash.high;
  }
  bool operator==(const RowSum&) const = default;
};

using BucketSums = std::vector<RowSum>;

/// The sums of both sides, by RowPlace::bucket_of(), and how each part was found.
struct ComparedSums {
  const BucketSums& source;
  const BucketSums& landed;
  const std::vector<PartReading>& parts;
};

/// Reads the differing buckets of both sides again, and adds causes, counts and at most `limit` rows to `found`, which
/// has its digests. Memory is bounded: a unit of which too much differs is looked at in part, and the counts say so.
Result<void> find_rows(source::Session& session, const UnitToCompare& unit, const ComparedSums& sums,
                       std::int64_t limit, const std::stop_token& stop, model::UnitReconciliation& found);

}  // namespace rivet::verify
