// SPDX-License-Identifier: Apache-2.0
// What comparing an export's output with its source found: by unit, by column, by row.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "model/digest.hpp"
#include "model/unit.hpp"

namespace rivet::model {

/// How deep a reconciliation looks.
enum class ReconcileDepth { count, content };
std::string_view name_of(ReconcileDepth depth);
std::optional<ReconcileDepth> parse_reconcile_depth(std::string_view text);

/// The verdict on a unit.
enum class UnitMatch { match, mismatch, unknown };
std::string_view name_of(UnitMatch match);

/// Why something differs, as far as the evidence goes.
enum class Cause {
  corruption,   ///< what landed is not what was recorded when it was written
  loss,         ///< the source had it when the unit was read, and it did not land
  drift,        ///< the source has changed since the unit was read
  record,       ///< source and landed bytes agree, and the recorded digest does not
  undetermined  ///< nothing tells; mostly because the engine does not say when a row was made
};
std::string_view name_of(Cause cause);

/// A cell as text; nothing for NULL.
using CellText = std::optional<std::string>;

/// A cell that is not the same on both sides.
struct CellDifference {
  std::string column;
  CellText landed, source;
};

/// How a row differs.
enum class RowChange { missing, extra, changed };
std::string_view name_of(RowChange change);

/// A column with its value in one row.
struct NamedCell {
  std::string column;
  CellText value;
};

/// A row that is not the same on both sides.
struct RowDifference {
  RowChange change = RowChange::missing;
  Cause cause = Cause::undetermined;
  std::vector<NamedCell> key;         ///< empty where the relation has none
  std::vector<CellDifference> cells;  ///< of a changed row
  std::vector<NamedCell> values;      ///< the whole row, when no key names it
  std::string part;                   ///< the landed row's; empty for a missing one
};

/// What differs in a unit, counted.
struct DifferenceCounts {
  std::int64_t missing = 0, extra = 0, changed = 0;
  std::int64_t loss = 0, drift = 0, corruption = 0, undetermined = 0;  ///< the same rows, by cause
  bool complete = true;  ///< false: there was too much to look at all of it, and these are the least there is

  void add(RowChange change, Cause cause);
  DifferenceCounts& operator+=(const DifferenceCounts& other);
};

/// One unit of the current output, compared.
struct UnitReconciliation {
  std::string export_name;  ///< of a partition, its own
  UnitRef unit;
  std::string kind = "chunk";  ///< chunk | time_window
  std::string identifier;      ///< `chunk 3 [300001..400000]`
  std::string start_key, end_key;
  UnitMatch match = UnitMatch::unknown;
  std::optional<std::int64_t> source_rows, recorded_rows, landed_rows;
  std::optional<Digest> source, recorded, landed;
  std::vector<std::string> columns;  ///< whose values do not add up to the same on both sides
  std::set<Cause> causes;
  std::string note;
  DifferenceCounts counts;
  std::vector<RowDifference> rows;   ///< as many as were asked for
  std::vector<std::string> damaged;  ///< parts that are not as they were committed, with what is wrong
};

/// An export, compared.
struct Reconciliation {
  std::string export_name, run_id, strategy, mode, prefix;
  std::int64_t generation = 0;
  ReconcileDepth depth = ReconcileDepth::count;
  base::Timestamp started_at, finished_at;
  std::vector<UnitReconciliation> units;
  std::vector<std::string> warnings;
  bool evidence = false;  ///< the engine tells which rows are younger than a unit's snapshot
  bool verified = false;  ///< the verified boundary was brought up to the committed one
  std::int64_t listed_limit = 0;

  std::int64_t count(UnitMatch match) const;
  /// Mismatches for which drift alone is to blame.
  std::int64_t drifted() const;
  DifferenceCounts differences() const;
  std::int64_t source_rows() const;
  std::int64_t recorded_rows() const;
};

}  // namespace rivet::model
