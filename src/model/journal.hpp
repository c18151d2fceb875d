// SPDX-License-Identifier: Apache-2.0
// The run journal: what was planned, what happened, what degraded and how it ended. Depends on nothing
// but base, so that the store, the executor and the reports can all use it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace rivet::model::journal {

struct PlanResolved {
  std::string export_name, base_query, strategy, format, compression, destination_type, tuning_profile;
  std::int64_t batch_size = 0;
  bool validate = false, reconcile = false, resume = false;
  std::string chunk_key = {};  ///< empty: null
  bool resumable = true;
  std::optional<std::string> row_hash = {};  ///< names the text forms that are hashed; null: no row hash
  std::int64_t units = 0;
  int digest_version = 0;
  std::string consistency = {};
};
struct PlanWarning {
  std::string rule, message;
};
struct FileWritten {
  std::string file_name;
  std::int64_t rows = 0, bytes = 0, part_index = 0;
};
struct ChunkStarted {
  std::int64_t chunk_index = 0;
  std::string start_key, end_key;
};
struct ChunkCompleted {
  std::int64_t chunk_index = 0, rows = 0;
  std::optional<std::string> file_name;
};
struct ChunkFailed {
  std::int64_t chunk_index = 0;
  std::string error;
  std::int64_t attempt = 0;
};
struct RetryAttempted {
  std::int64_t attempt = 0;
  std::string reason;
  std::int64_t backoff_ms = 0;
};
struct QualityIssue {
  std::string severity, message;
};  ///< severity FAIL or WARN
struct TypeChange {
  std::string column, before, after;
};
struct SchemaChanged {
  std::vector<std::string> added, removed;
  std::vector<TypeChange> type_changed;
};
struct Warning {
  std::string context, message;
};
struct ParallelismAdjusted {
  std::int64_t from = 0, to = 0;
  std::string reason;
};
struct ValidationResult {
  bool passed = false;
};
struct ReconciliationResult {
  std::int64_t source_count = 0, exported_rows = 0;
  bool matched = false;
};
struct RunCompleted {
  std::string status;
  std::optional<std::string> error_message;
  std::int64_t duration_ms = 0;
};
/// An event of another version, kept as it was: `json` is the whole one-key object.
struct UnknownEvent {
  std::string json;
};

using Event = std::variant<PlanResolved, PlanWarning, FileWritten, ChunkStarted, ChunkCompleted, ChunkFailed,
                           RetryAttempted, QualityIssue, SchemaChanged, Warning, ParallelismAdjusted, ValidationResult,
                           ReconciliationResult, RunCompleted, UnknownEvent>;

/// One recorded event. `extra_json` holds fields of the event that this version does not know
/// (an object, or empty), so that they survive reading and writing; `entry_extra_json` those beside the event.
struct Entry {
  base::Timestamp recorded_at;
  Event event;
  std::string extra_json = {};
  std::string entry_extra_json = {};
};

/// All entries of one run of one export, in the order of recording.
struct Journal {
  std::string run_id, export_name;
  std::vector<Entry> entries;
  std::string extra_json = {};  ///< fields of the journal itself that this version does not know
};

/// The key of the event in JSON, for example `ChunkStarted`; empty for an UnknownEvent.
std::string_view name_of(const Event& event);

/// `{"recorded_at": ..., "event": {"Name": {...}}}` and back. Unknown events and fields survive; a known event
/// that lacks a field, or has it with another type, is kept as an UnknownEvent. Kind data when the entry itself
/// is malformed.
nlohmann::json to_json(const Entry& entry);
Result<Entry> entry_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Journal& journal);
Result<Journal> journal_from_json(const nlohmann::json& json);

/// What was planned: the first PlanResolved, if there is one.
const PlanResolved* planned(const Journal& journal);
/// Files in commit order.
std::vector<const FileWritten*> files(const Journal& journal);
std::vector<const RetryAttempted*> retries(const Journal& journal);
/// Started, completed and failed chunk events in order.
std::vector<const Entry*> chunk_events(const Journal& journal);
/// Quality issues, schema changes, plan warnings and warnings, in order.
std::vector<const Entry*> degraded(const Journal& journal);
/// How it ended: the last RunCompleted, none while running.
const RunCompleted* outcome(const Journal& journal);

/// The longest unit so far, fed with entries in order; pairs a completion with the latest start of the
/// same chunk, whatever the interleaving.
class LongestUnit {
 public:
  void observe(const Entry& entry);
  /// The largest non-negative gap; none when no pair was seen.
  std::optional<std::chrono::microseconds> longest() const { return longest_; }

 private:
  std::map<std::int64_t, base::Timestamp> started_;
  std::optional<std::chrono::microseconds> longest_;
};

/// One line per change, for people.
std::vector<std::string> to_lines(const SchemaChanged& change);
/// The same in one line.
std::string to_text(const SchemaChanged& change);

/// The longest unit of a whole journal.
std::optional<std::chrono::microseconds> longest_unit(const Journal& journal);

}  // namespace rivet::model::journal
