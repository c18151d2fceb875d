// SPDX-License-Identifier: Apache-2.0
// When a read that failed may be tried again, and after how long.
#pragma once

#include <chrono>
#include <stop_token>

#include "base/error.hpp"

namespace rivet::source {

/// Whether another attempt within the command makes sense: its kind allows one, and the instant it reads at is not
/// gone, which only another one can do without.
bool may_retry(const base::Error& error);

/// `base` doubled with every attempt made (1, 2, ...), at most 60 s, plus what the other side needs to settle.
std::chrono::milliseconds backoff(const base::Error& error, std::chrono::milliseconds base, int attempts_made);

/// Sleeps unless `stop` is requested; false in that case.
bool sleep_for(std::chrono::milliseconds time, const std::stop_token& stop);

}  // namespace rivet::source
