// SPDX-License-Identifier: Apache-2.0
// The executor: slots that claim the units of a run, extract, retry and commit them side by side.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "batch/row_hash.hpp"
#include "config/config.hpp"
#include "model/plan.hpp"
#include "run/environment.hpp"
#include "run/recent_rows.hpp"
#include "run/recorder.hpp"

namespace rivet::run {

/// The process is to end and leaves its run, with all completed units, to others. Kind cancelled.
inline constexpr std::string_view kDrained = "RIVET_DRAINED";
Error drained();

/// A run this process works on, and what its units are extracted with. Everything referred to must outlive it.
struct HeldRun {
  const Environment& environment;
  const config::Export& entry;
  const model::Plan& plan;
  const destination::Destination& destination;
  const format::Format& format;
  const batch::MetaColumns& meta_columns;
  const Recorder& recorder;
  const RecentRows* recent = nullptr;  ///< of an incremental run
  std::string run_id, nonce, owner;
  bool shares = false;  ///< another process holds the run, and this one helps
};

/// What the executor counted in this process.
struct ExecuteCounts {
  std::int64_t retries = 0;
  std::int64_t bytes_read = 0;
};

/// What the batches between the reading and the encoding threads of one export may take, all its units together.
std::int64_t bytes_in_flight(const config::Export& entry);

/// How often a unit of the export is tried.
int max_attempts(const config::Export& entry);

/// Works with `parallel` slots until every unit of the run is completed, also by other processes that share the run:
/// units whose worker died or lost its lease are taken over. Returns early when the only units left are those of the
/// run's holder and it is dead: then the run is to be taken over first. Fails with the error that ended a unit for
/// good, or with kind cancelled.
Result<ExecuteCounts> execute(const HeldRun& run, const std::stop_token& stop);

}  // namespace rivet::run
