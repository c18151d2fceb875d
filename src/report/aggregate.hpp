// SPDX-License-Identifier: Apache-2.0
// One command over several exports: its totals, its JSON document and its row in the store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "report/outcome.hpp"
#include "state/updates.hpp"

namespace rivet::report {

/// What a `run` command did.
struct Aggregate {
  std::string id;  ///< aggregate_id()
  base::Timestamp started_at = {};
  base::Timestamp finished_at = {};
  std::int64_t duration_ms = 0;  ///< wall clock of the command
  std::string config_path;       ///< as the user wrote it
  std::string parallel_mode = "sequential";
  std::vector<RunOutcome> runs = {};
};

/// Sums over the runs of an aggregate.
struct Totals {
  std::int64_t success = 0;
  std::int64_t failed = 0;  ///< interrupted runs included
  std::int64_t skipped = 0;
  std::int64_t interrupted = 0;
  std::int64_t rows = 0, files = 0, bytes_written = 0, bytes_read = 0;
  bool verified = false;  ///< some run was validated or reconciled
};

/// `agg_<time>_<process>`: `process` keeps two commands of the same millisecond apart.
std::string aggregate_id(base::Timestamp started_at, std::int64_t process);

Totals total(const Aggregate& aggregate);

/// The document of `run --json` and `--summary-output`.
nlohmann::ordered_json to_json(const Aggregate& aggregate);

/// The row of run_aggregate.
state::AggregateRecorded to_record(const Aggregate& aggregate);

}  // namespace rivet::report
