// SPDX-License-Identifier: Apache-2.0
// How the executor tells the outside what it is doing, without knowing who listens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "report/outcome.hpp"

namespace rivet::report {

/// What becomes of one unit.
struct UnitNews {
  enum class What { started, committed, failed } what = What::started;
  const std::string& export_name;
  const std::string& run_id;
  int unit = 0;
  int attempt = 0;
  std::int64_t rows = 0;     ///< of a committed one
  std::string message = {};  ///< of a failed one
};

/// Hears of every export's progress. Any thread may call it, at any rate; a call returns quickly and
/// never fails. Per export the order is started, any number of advanced and note, finished.
class ProgressListener {
 public:
  virtual ~ProgressListener() = default;
  /// The export begins; called again, perhaps with an estimate from the catalogue, which may be wrong, once
  /// that is known.
  virtual void started(const std::string& export_name, std::optional<std::int64_t> estimated_rows) = 0;
  /// Totals since the start of the run, not differences; rows that a taken-over run had finished are included.
  virtual void advanced(const std::string& export_name, std::int64_t rows_total, std::int64_t bytes_read_total) = 0;
  /// Something the user should see at once: a retry, a take-over, a schema change.
  virtual void note(const std::string& export_name, const std::string& message) = 0;
  /// Of each attempt at a unit; most listeners do not care.
  virtual void unit(const UnitNews&) {}
  /// The export's run is over, however it ended.
  virtual void finished(const RunOutcome& outcome) = 0;
};

/// A listener that hears nothing, for tests and quiet commands.
class SilentProgress final : public ProgressListener {
 public:
  void started(const std::string&, std::optional<std::int64_t>) override {}
  void advanced(const std::string&, std::int64_t, std::int64_t) override {}
  void note(const std::string&, const std::string&) override {}
  void finished(const RunOutcome&) override {}
};

}  // namespace rivet::report
