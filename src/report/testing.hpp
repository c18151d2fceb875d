// SPDX-License-Identifier: Apache-2.0
// Values that several report tests share; included by tests only.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "report/aggregate.hpp"
#include "report/outcome.hpp"

namespace rivet::report::testing {

inline base::Timestamp at(const char* text) { return base::parse_rfc3339(text).value(); }

/// A run that succeeded, with every common field set.
inline RunOutcome success() {
  return {.export_name = "orders",
          .run_id = "orders_20261121T002033.716",
          .status = "success",
          .mode = "full",
          .source_engine = "postgres",
          .destination_kind = "local",
          .destination_uri = "file://./output",
          .format = "parquet",
          .compression = "zstd",
          .tuning_profile = "balanced",
          .started_at = at("2026-11-21T00:20:33.716808+00:00"),
          .finished_at = at("2026-11-21T00:20:37.503480+00:00"),
          .duration_ms = 3739,
          .batch_size = 10000,
          .rows = 950000,
          .files = 10,
          .bytes_written = 11049347,
          .bytes_read = 104333312,
          .peak_rss_mb = 59,
          .manifest_ok = true,
          .digest = "v1:950000:00112233445566778899aabbccddeeff:1111111111111111:2222222222222222",
          .generation = 3};
}

/// A run that a dead server ended.
inline RunOutcome failure() {
  auto run = success();
  run.status = "failed";
  run.error = Error{.kind = ErrorKind::unavailable,
                    .message = "the server closed the connection",
                    .code = "RIVET_SOURCE_STATEMENT_TIMEOUT",
                    .hint = "run again"};
  run.resumable = true;
  run.resume_command = "rivet run -c pilot.yaml -e orders --resume";
  run.digest.clear();
  return run;
}

inline Aggregate aggregate_of(std::vector<RunOutcome> runs) {
  return {.id = "agg_20261121T002101119_77",
          .started_at = at("2026-11-21T00:21:01.119072+00:00"),
          .finished_at = at("2026-11-21T00:21:04.819072+00:00"),
          .duration_ms = 3700,
          .config_path = "pilot.yaml",
          .runs = std::move(runs)};
}

}  // namespace rivet::report::testing
