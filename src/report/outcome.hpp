// SPDX-License-Identifier: Apache-2.0
// What came of running one export: everything that cards, summaries and aggregates say about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "model/journal.hpp"
#include "model/prediction.hpp"

namespace rivet::report {

/// The sealed plan that a run carried out.
struct ApplyContext {
  std::string plan_id;
  bool forced = false;
  std::vector<std::string> force_bypassed = {};  ///< what would have refused it
};

/// One run of one export. Plain data; built by the executor with designated initialisers. Texts need
/// not be redacted yet: whoever prints them does that.
struct RunOutcome {
  std::string export_name;
  std::string run_id;            ///< empty when the run was refused before it got one
  std::string status;            ///< success | failed | skipped | interrupted
  std::string mode;              ///< as in the config: full, incremental, ...
  std::string source_engine;     ///< postgres, sqlite, ...
  std::string destination_kind;  ///< local, stdout, ...
  std::string destination_uri;   ///< where the parts are, for people
  std::string format;
  std::string compression;
  std::string tuning_profile;
  base::Timestamp started_at = {};
  base::Timestamp finished_at = {};
  std::int64_t duration_ms = 0;  ///< on a monotonic clock
  std::int64_t batch_size = 0;
  std::int64_t rows = 0;
  std::int64_t files = 0;
  std::int64_t bytes_written = 0;
  std::int64_t bytes_read = 0;
  std::int64_t peak_rss_mb = 0;  ///< 0: unknown
  std::int64_t retries = 0;
  std::int64_t statements = 0;                           ///< sent to the source by this process
  std::optional<std::int64_t> pg_temp_bytes_delta = {};  ///< temporary bytes the run caused on the server
  std::optional<std::int64_t> longest_unit_ms = {};
  std::optional<bool> validated = {};  ///< empty: validation was not asked for
  bool manifest_ok = false;            ///< manifest and marker stand and vouch for each other
  std::optional<model::journal::ReconciliationResult> reconciliation = {};  ///< empty: not asked for
  bool schema_changed = false;
  std::vector<std::string> schema_changes = {};                         ///< one line each
  std::vector<std::pair<std::string, std::string>> plan_warnings = {};  ///< rule, message
  std::vector<std::string> warnings = {};
  std::optional<base::Error> error = {};        ///< set when failed or interrupted
  std::optional<std::string> skip_reason = {};  ///< set when skipped
  bool not_needed = false;                      ///< skipped because those that wait for it can do without
  bool resumable = false;                       ///< another run continues where this one stopped
  std::string resume_command = {};              ///< what to type for that; empty: nothing to resume
  bool took_over = false;                       ///< it continued the run of a process that had died
  std::string digest = {};                      ///< model::to_string of the run's digest; empty when there is none
  std::int64_t generation = 0;                  ///< of the manifest it published; 0: none
  std::optional<ApplyContext> apply_context = {};
  std::optional<model::Prediction> prediction = {};  ///< what it was expected to take
};

/// Of a gate: a condition that was looked at, and no run.
inline bool is_gate(const RunOutcome& outcome) { return outcome.mode == "gate"; }

}  // namespace rivet::report
