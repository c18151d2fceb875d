// SPDX-License-Identifier: Apache-2.0
// The drawing thread and its two rhythms.
#include "report/terminal_progress.hpp"

#include <chrono>

namespace rivet::report {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::milliseconds kPlainLine{5'000};

ProgressBoard::Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

TerminalProgress::TerminalProgress(Screen& screen)
    : screen_(screen), drawer_([this](const std::stop_token& stop) { draw_until_stopped(stop); }) {}

TerminalProgress::~TerminalProgress() {
  drawer_.request_stop();
  drawer_.join();
  screen_.clear();
}

void TerminalProgress::started(const std::string& export_name, std::optional<std::int64_t> estimated_rows) {
  const std::scoped_lock lock(mutex_);
  board_.start(export_name, estimated_rows, now());
}

void TerminalProgress::advanced(const std::string& export_name, std::int64_t rows_total,
                                std::int64_t bytes_read_total) {
  const std::scoped_lock lock(mutex_);
  board_.advance(export_name, rows_total, bytes_read_total, now());
}

void TerminalProgress::note(const std::string& export_name, const std::string& message) {
  screen_.print(export_name + ": " + message);
}

void TerminalProgress::finished(const RunOutcome& outcome) {
  {
    const std::scoped_lock lock(mutex_);
    board_.remove(outcome.export_name);
  }
  if (screen_.terminal().interactive) draw();
}

void TerminalProgress::draw_until_stopped(const std::stop_token& stop) {
  const auto rhythm = screen_.terminal().interactive ? kRedraw : kPlainLine;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      tick_.wait_for(lock, stop, rhythm, [] { return false; });
    }
    if (!stop.stop_requested()) draw();
  }
}

void TerminalProgress::draw() {
  const std::scoped_lock lock(mutex_);
  if (screen_.terminal().interactive) {
    screen_.show(board_.live_lines(screen_.terminal().width() - 1, now()));
    return;
  }
  for (const auto& line : board_.plain_lines(now())) screen_.print(line);
}

}  // namespace rivet::report
