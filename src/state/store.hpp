// SPDX-License-Identifier: Apache-2.0
// The StateStore contract: apply updates, claim units, answer questions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "state/updates.hpp"

namespace rivet::state {

/// Stages of a run. `sealed` means: the result is decided, publishing may be repeated until it stands.
enum class RunStage { running, sealed, published, ended };
std::string_view name_of(RunStage stage);
/// Code of the conflict that means: this id exists, take another.
inline constexpr std::string_view kRunIdTaken = "RIVET_RUN_ID_TAKEN";

/// Says that the store of that name has not heard of an export, and of which it has. Kind config.
Error unknown_export(std::string_view location, std::string_view name, const std::vector<std::string>& known);

/// A run as the store sees it.
struct RunView {
  std::string run_id, export_name, prefix, plan_hash, plan_json, mode, nonce;
  RunStage stage = RunStage::running;
  std::string status;  ///< running | success | failed | interrupted | skipped
  Owner owner;
  base::Timestamp started_at, lease_until;
  std::optional<base::Timestamp> finished_at, sealed_at;
  std::int64_t generation = 0;  ///< 0 until sealed
  std::string error;
  std::int64_t max_attempts = 3;
  std::string format, compression;
  std::optional<model::Position> position;                ///< that the sealed run publishes
  std::int64_t recent_limit = 0;                          ///< row digests that publishing leaves
  bool append = false;                                    ///< the sealed run keeps the parts of earlier generations
  std::optional<std::chrono::microseconds> longest_unit;  ///< of the journal so far
};

/// A unit with its life cycle.
struct UnitView {
  model::Unit unit;
  model::UnitStatus status = model::UnitStatus::pending;
  int attempts = 0;
  int epoch = 0;  ///< of the latest claim; 0 before the first
  Owner owner;
  base::Timestamp lease_until;  ///< of the latest claim
  std::int64_t rows = 0;
  std::string last_error, snapshot, gates_json;
  std::optional<base::Timestamp> read_at;
  model::Digest digest;
  base::Timestamp updated_at;
  int number = 0;  ///< under which people know it: its index, or of a repair that of the unit it replaces
};

/// A unit that the current generation is made of.
struct LiveUnit {
  UnitView view;
  std::string run_id;
};

/// A claimed unit: only this owner with this epoch may commit it.
struct UnitClaim {
  model::Unit unit;
  int epoch = 0;
  int attempt = 0;
};

/// A row of file_log.
struct FileView {
  model::Part part;
  std::string export_name, format, compression;
  std::string status;  ///< committed | superseded | abandoned (its run ended without a result)
  std::optional<std::int64_t> generation_superseded = {};  ///< the first one that it is not part of
};

/// A row of export_state.
struct ExportView {
  std::string export_name;
  std::optional<std::string> last_cursor_value;
  std::optional<base::Timestamp> last_run_at;
};

/// How far an export got under one mode: by cursor or by number of unit, never both.
struct Boundary {
  std::string strategy;  ///< the mode
  std::optional<std::string> cursor;
  std::optional<std::int64_t> chunk_index;  ///< of the run, from 0
  std::string run_id;
  std::optional<base::Timestamp> at;
};

/// A row of export_progression: advice for people, nothing decides by it.
struct ProgressionView {
  std::string export_name;
  std::optional<Boundary> committed, verified;
};

/// Digests of rows that a published run exported.
struct RecentGroup {
  std::string run_id;
  int unit_index = 0;
  std::optional<std::string> after;  ///< JSON text of key values: the group's keys lie behind it
  bool of_null = false;              ///< rows whose cursor is NULL
  std::string digests;               ///< 16 bytes each
};

/// Narrows a listing.
struct Filter {
  std::string export_name = {};  ///< empty: all
  std::string run_id = {};       ///< empty: all
  std::int64_t limit = 50;       ///< 0 or less: all
};

/// Durable state of all exports of one config directory (or, later, one database). Any thread may call
/// it. Errors: unavailable (locked for longer than the busy timeout, out of reach), conflict (an update
/// that its legality check refuses), data (a store of a newer version, or a damaged one).
class StateStore {
 public:
  virtual ~StateStore() = default;

  /// Checks one update against the current view and applies it in one transaction.
  virtual Result<void> apply(const StateUpdate& update) = 0;

  /// Gives the next unit of the run that is pending, or whose claim's lease has run out, to `owner` under the next
  /// fencing epoch until `lease_until`; nothing when there is none now or the run is sealed. Kind conflict when the run
  /// ended or does not exist.
  virtual Result<std::optional<UnitClaim>> claim(const std::string& run_id, const Owner& owner, base::Timestamp at,
                                                 base::Timestamp lease_until) = 0;

  virtual Result<std::optional<RunView>> run(const std::string& run_id) = 0;
  /// Runs that are running or sealed but not published, oldest first; of one export or, with an empty name, of all.
  virtual Result<std::vector<RunView>> unfinished_runs(const std::string& export_name) = 0;
  /// Runs of the export that ended without a result and may have left files, oldest first.
  virtual Result<std::vector<RunView>> unswept_runs(const std::string& export_name) = 0;
  virtual Result<std::vector<UnitView>> units(const std::string& run_id) = 0;

  /// The latest first.
  virtual Result<std::vector<RunView>> runs(const Filter& filter) = 0;

  /// Parts of the export's current generation at the prefix, in commit order.
  virtual Result<std::vector<FileView>> live_parts(const std::string& export_name, const std::string& prefix) = 0;
  /// Parts that repairs have replaced since the export's output at the prefix was last replaced as a whole.
  virtual Result<std::vector<FileView>> superseded_parts(const std::string& export_name, const std::string& prefix) = 0;
  /// Units of the export's current generation at the prefix, also those without rows, the oldest run first.
  virtual Result<std::vector<LiveUnit>> live_units(const std::string& export_name, const std::string& prefix) = 0;
  /// Number of the export's current generation at the prefix; 0 before the first.
  virtual Result<std::int64_t> generation(const std::string& export_name, const std::string& prefix) = 0;
  /// All durable parts, the newest first.
  virtual Result<std::vector<FileView>> files(const Filter& filter) = 0;

  /// The drift baseline: the columns of the last published run.
  virtual Result<std::optional<model::Columns>> schema_baseline(const std::string& export_name) = 0;

  /// Bytes of the longest value that any published run saw, per text column.
  virtual Result<std::map<std::string, std::int64_t>> shapes(const std::string& export_name) = 0;

  /// What the export has read so far; nothing when no run has stored a position since its last reset.
  virtual Result<std::optional<model::Position>> position(const std::string& export_name) = 0;
  /// Digests of rows that published runs of the export remember, the newest run first, a run in the order of its units.
  virtual Result<std::vector<RecentGroup>> recent_keys(const std::string& export_name) = 0;
  /// Value hashes of a column that the units of an unpublished run have committed, 8 bytes each, in unit order.
  virtual Result<std::vector<std::string>> unique_hashes(const std::string& run_id, const std::string& column) = 0;

  /// Journals with all their entries, the newest run first.
  virtual Result<std::vector<model::journal::Journal>> journals(const Filter& filter) = 0;
  /// The newest first.
  virtual Result<std::vector<MetricsRecorded>> metrics(const Filter& filter) = 0;
  virtual Result<std::vector<ExportView>> exports() = 0;
  /// By name of export; the filter's run is not looked at.
  virtual Result<std::vector<ProgressionView>> progression(const Filter& filter) = 0;
  /// Names of all exports that the store has heard of, sorted.
  virtual Result<std::vector<std::string>> known_exports() = 0;

  /// Where the state lies, for people: a path or a redacted URL.
  virtual std::string location() const = 0;
};

}  // namespace rivet::state
