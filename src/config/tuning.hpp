// SPDX-License-Identifier: Apache-2.0
// The `tuning:` block: profiles, and the export's block laid over the source's.
#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace rivet::config {

/// A `tuning:` block as written: absent keys are empty.
struct TuningBlock {
  std::optional<std::string> profile;
  std::optional<std::int64_t> batch_size, batch_size_memory_mb, throttle_ms, statement_timeout_s, max_retries,
      retry_backoff_ms, lock_timeout_s, memory_threshold_mb, max_value_mb, min_parallel, max_batch_memory_mb;
  std::optional<double> max_mb_per_s;
  std::optional<bool> adaptive;
  std::optional<Tuning::OnBatchMemory> on_batch_memory_exceeded;

  /// True when rows and memory both bound the batch, which contradict each other.
  bool has_conflict() const { return batch_size && batch_size_memory_mb; }
};

/// Reads `tuning:` of a source or an export; an absent block reads as an empty one. A conflict within the block
/// is reported.
TuningBlock read_tuning(Section& parent);

/// The two blocks key by key; the export's wins.
TuningBlock merge(const TuningBlock& of_source, const TuningBlock& of_export);

/// Fills what is not given from the profile, which defaults by environment. An explicit `batch_size` drops the
/// profile's memory bound.
Tuning resolve(const TuningBlock& block, Environment environment);

}  // namespace rivet::config
