// SPDX-License-Identifier: Apache-2.0
// Progress for people: live lines on a terminal, an occasional plain line elsewhere.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "report/progress.hpp"
#include "report/progress_board.hpp"
#include "report/screen.hpp"

namespace rivet::report {

/// Draws from a thread of its own, about ten times a second on a terminal and every five seconds
/// otherwise. Destruction stops it and leaves no live line behind.
class TerminalProgress final : public ProgressListener {
 public:
  /// `screen` must outlive it.
  explicit TerminalProgress(Screen& screen);
  ~TerminalProgress() override;

  void started(const std::string& export_name, std::optional<std::int64_t> estimated_rows) override;
  void advanced(const std::string& export_name, std::int64_t rows_total, std::int64_t bytes_read_total) override;
  void note(const std::string& export_name, const std::string& message) override;
  void finished(const RunOutcome& outcome) override;

 private:
  void draw_until_stopped(const std::stop_token& stop);
  void draw();

  Screen& screen_;
  std::mutex mutex_;
  std::condition_variable_any tick_;
  ProgressBoard board_;
  std::jthread drawer_;  // last: starts when everything else stands
};

}  // namespace rivet::report
