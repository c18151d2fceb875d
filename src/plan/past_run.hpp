// SPDX-License-Identifier: Apache-2.0
// What the records say of an earlier run of an export.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace rivet::plan {

/// One run that ended, well or not.
struct PastRun {
  base::Timestamp at;
  bool succeeded = false;
  std::int64_t rows = 0, bytes_written = 0, duration_ms = 0, retries = 0;
  std::optional<std::int64_t> peak_rss_mb = {};
  std::string mode = {}, format = {};
};

}  // namespace rivet::plan
