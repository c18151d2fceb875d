// SPDX-License-Identifier: Apache-2.0
// What a worker does, a line each: text for people, or JSON objects with the ids that join them to the store.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/logger.h>

#include "base/clock.hpp"
#include "base/redact.hpp"
#include "report/progress.hpp"
#include "report/screen.hpp"

namespace rivet::report {

/// Writes lines to the screen. Any thread may call it. What it is made of must outlive it.
class WorkLog {
 public:
  using Fields = std::vector<std::pair<std::string_view, std::string>>;

  WorkLog(Screen& screen, const base::Redactor& redactor, const base::Clock& clock, bool json, std::string worker_id)
      : screen_(screen), redactor_(redactor), clock_(clock), json_(json), worker_id_(std::move(worker_id)) {}

  /// `{"at": ..., "level": ..., "event": ..., "worker": ..., fields..., "message": ...}`, or the same as text.
  void tell(std::string_view level, std::string_view event, const Fields& fields, const std::string& message) const;

  /// A logger whose lines come out as events `log`.
  std::shared_ptr<spdlog::logger> logger(const spdlog::logger& like) const;

 private:
  Screen& screen_;
  const base::Redactor& redactor_;
  const base::Clock& clock_;
  const bool json_;
  const std::string worker_id_;
};

/// The progress of a node's exports, as lines with the ids of run, node and unit.
class NodeProgress final : public ProgressListener {
 public:
  /// `run` and `node` are those of the cascade. The log must outlive it.
  NodeProgress(const WorkLog& log, std::string run, std::string node)
      : log_(log), run_(std::move(run)), node_(std::move(node)) {}

  void started(const std::string&, std::optional<std::int64_t>) override {}
  void advanced(const std::string&, std::int64_t, std::int64_t) override {}
  void note(const std::string& export_name, const std::string& message) override;
  void unit(const UnitNews& news) override;
  void finished(const RunOutcome& outcome) override;

 private:
  const WorkLog& log_;
  const std::string run_, node_;
};

}  // namespace rivet::report
