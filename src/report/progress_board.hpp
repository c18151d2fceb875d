// SPDX-License-Identifier: Apache-2.0
// What each running export has done so far, and one line about it: pure, so that it can be tested without a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace rivet::report {

/// Numbers of the running exports. Not thread safe.
class ProgressBoard {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// Begins an export, or gives a begun one its estimate.
  void start(const std::string& export_name, std::optional<std::int64_t> estimated_rows, Instant now);
  /// Totals so far; of an export that was not started: ignored.
  void advance(const std::string& export_name, std::int64_t rows, std::int64_t bytes, Instant now);
  void remove(const std::string& export_name);
  bool empty() const { return entries_.empty(); }

  /// One line per running export for a terminal of `width` columns: segments that do not fit are left out, and so are
  /// exports behind the first sixteen, which are counted.
  std::vector<std::string> live_lines(int width, Instant now) const;
  /// One complete line per running export for a log.
  std::vector<std::string> plain_lines(Instant now) const;

 private:
  struct Sample {
    Instant at;
    std::int64_t rows;
  };
  struct Entry {
    std::string name;
    std::optional<std::int64_t> estimate;
    Instant started;
    std::int64_t rows = 0, bytes = 0;
    std::deque<Sample> samples;  // of the last seconds; the first is the rate's base
  };

  Entry* find(const std::string& export_name);
  static void sample(Entry& entry, Instant now);
  static double rows_per_second(const Entry& entry, Instant now);  // REQUIRES: a sample
  static std::vector<std::string> segments(const Entry& entry, Instant now);

  std::vector<Entry> entries_;
};

}  // namespace rivet::report
