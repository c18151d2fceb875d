// SPDX-License-Identifier: Apache-2.0
// The totals of a run whose units are worked on side by side.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "report/progress.hpp"

namespace rivet::run {

/// Adds up what all units of a run in this process have read and tells the listener. Any thread may call it.
class RunProgress {
 public:
  RunProgress(report::ProgressListener& listener, std::string export_name, std::int64_t rows_before)
      : listener_(listener), export_name_(std::move(export_name)), rows_(rows_before) {}

  /// The share of one attempt at a unit; what it had read is taken back unless keep() was called.
  class Attempt {
   public:
    explicit Attempt(RunProgress& progress) : progress_(progress) {}
    ~Attempt();
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

    /// The attempt's totals so far.
    void advanced(std::int64_t rows, std::int64_t bytes_read);
    void keep() { kept_ = true; }

   private:
    RunProgress& progress_;
    std::int64_t rows_ = 0, bytes_ = 0;
    bool kept_ = false;
  };

  std::int64_t bytes_read() const;

 private:
  void add(std::int64_t rows, std::int64_t bytes);

  report::ProgressListener& listener_;
  const std::string export_name_;
  mutable std::mutex mutex_;
  std::int64_t rows_, bytes_ = 0;
};

}  // namespace rivet::run
