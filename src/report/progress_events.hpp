// SPDX-License-Identifier: Apache-2.0
// What a process that runs an export for another one tells it: one JSON object per line.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/redact.hpp"
#include "base/result.hpp"
#include "report/progress.hpp"

namespace rivet::report {

/// The events, in the order in which an export sends them: Started, ProgressInit, any number of Progress and Note,
/// Finished. In JSON the name of the event stands under `event`.
struct Started {
  std::string export_name;
};
/// The estimate is known now.
struct ProgressInit {
  std::string export_name;
  std::optional<std::int64_t> estimated_rows;
};
/// Totals so far.
struct Progress {
  std::string export_name;
  std::int64_t rows = 0, bytes_read = 0;
};
/// Something the user should see at once.
struct Note {
  std::string export_name, message;
};
/// The end: everything that is known about the run. Whoever ends without it has died.
struct Finished {
  RunOutcome outcome;
};
using ProgressEvent = std::variant<Started, ProgressInit, Progress, Note, Finished>;

/// The event on one line, without the line's end; its values redacted.
std::string to_line(const ProgressEvent& event, const base::Redactor& redactor);

/// The event of a line. Error kind data when it is none.
Result<ProgressEvent> progress_event_of(std::string_view line);

/// Sends progress as events; totals at most ten times a second and export. Any thread may call it. finished() sends
/// nothing: what is known at that moment is not all yet, so the sender of Finished is whoever completes the outcome.
class EventProgress final : public ProgressListener {
 public:
  /// Receives a line with its end; called by one thread at a time.
  using Sink = std::function<void(std::string_view line)>;

  /// `redactor` must outlive it.
  EventProgress(Sink sink, const base::Redactor& redactor);

  void send(const ProgressEvent& event);

  void started(const std::string& export_name, std::optional<std::int64_t> estimated_rows) override;
  void advanced(const std::string& export_name, std::int64_t rows_total, std::int64_t bytes_read_total) override;
  void note(const std::string& export_name, const std::string& message) override;
  void finished(const RunOutcome& outcome) override;

 private:
  bool is_due(const std::string& export_name);

  const Sink sink_;
  const base::Redactor& redactor_;
  std::mutex mutex_;
  std::map<std::string, std::chrono::steady_clock::time_point> told_;  // exports that began, and when it was told last
};

}  // namespace rivet::report
