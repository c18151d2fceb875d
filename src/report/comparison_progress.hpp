// SPDX-License-Identifier: Apache-2.0
// One line about a comparison that is under way.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "model/reconciliation.hpp"
#include "report/screen.hpp"

namespace rivet::report {

/// Shows on a terminal how far a comparison has come; writes nothing to anything else. One thread at a time.
class ComparisonProgress {
 public:
  /// `screen` must outlive it.
  explicit ComparisonProgress(Screen& screen) : screen_(screen) {}
  ~ComparisonProgress() { screen_.clear(); }
  ComparisonProgress(const ComparisonProgress&) = delete;
  ComparisonProgress& operator=(const ComparisonProgress&) = delete;

  /// An export's comparison begins; units of the one before are forgotten.
  void started(const std::string& export_name);
  /// So many units are done, of so many, and this is the verdict on the latest.
  void compared(model::UnitMatch match, std::size_t done, std::size_t of);

 private:
  void draw(std::size_t done, std::size_t of);

  Screen& screen_;
  std::string export_name_;
  std::size_t differing_ = 0, unknown_ = 0;
  std::chrono::steady_clock::time_point drawn_at_;
};

}  // namespace rivet::report
