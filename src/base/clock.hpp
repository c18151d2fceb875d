// SPDX-License-Identifier: Apache-2.0
// Wall time as a value and an injectable clock, with the text forms the outputs use.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rivet::base {

/// UTC wall time with microseconds.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Source of wall time. Implementations may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
};

/// A clock that stands still until a test moves it. Not thread safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : now_(start) {}
  Timestamp now() const override { return now_; }
  void advance(std::chrono::microseconds by) { now_ += by; }

 private:
  Timestamp now_;
};

/// RFC 3339 in UTC with six digits and `+00:00`, as manifests and summaries carry it.
std::string to_rfc3339(Timestamp at);
/// RFC 3339 in UTC with six digits and `Z`, as the journal carries it.
std::string to_rfc3339_z(Timestamp at);
/// Reads both forms above (any number of fraction digits, any offset).
Result<Timestamp> parse_rfc3339(std::string_view text);
/// `20260418T122015.123`, the time part of a run id.
std::string to_run_stamp(Timestamp at);
/// `2026-04-18`.
std::string to_date(Timestamp at);
/// `2026-04-18 12:20:15 UTC`.
std::string to_display(Timestamp at);

/// The clock of another machine: this one's, moved by as much as they differ. Any thread may move it.
class ShiftedClock final : public Clock {
 public:
  Timestamp now() const override { return SystemClock().now() + std::chrono::microseconds(ahead_us_.load()); }
  void shift(std::chrono::microseconds ahead) { ahead_us_ = ahead.count(); }

 private:
  std::atomic<std::int64_t> ahead_us_ = 0;
};

}  // namespace rivet::base
