// SPDX-License-Identifier: Apache-2.0
// What is new lies behind the cursor, up to its greatest value when this was planned. What came late lies at or below
// the cursor, or has none: told by row versions where the engine has them, else by reading a stretch again.
#include "plan/delta.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/ranges.hpp"
#include "plan/keys.hpp"

namespace rivet::plan {
namespace {

using Shape = Strategy::Shape;
using model::Bound;
using model::Incremental;
using model::KeyRange;
using model::NullKey;
using model::Unit;
using model::VersionRange;

// A large delta is cut into pieces of so many rows, so that a kill costs one of them.
constexpr std::int64_t kCheckpointRows = 250'000;
// Rows to remember: with versions only their ids are kept, without they are all read again.
constexpr std::int64_t kLookbackByVersion = 500'000, kLookbackByReading = 100'000;
// Looking for late versions scans the table; a larger one is searched only as far back as rows are remembered.
constexpr std::int64_t kScanBytes = 2LL << 30;

std::string reset_hint(const std::string& export_name) {
  return fmt::format("to read everything anew: rivet state reset -e {}", export_name);
}

model::KeyColumns cursor_of(const config::ModeKeys& keys) {
  if (keys.keyset_incremental) return {keys.chunk_by_key};
  if (keys.coalesce) return {{keys.cursor_column, keys.cursor_fallback_column}, true};
  return {std::vector<std::string>{keys.cursor_column}};
}

std::string spelled(const model::KeyColumns& cursor) {
  const auto list = fmt::format("{}", fmt::join(cursor.columns, ", "));
  return cursor.coalesced ? fmt::format("coalesce({})", list) : list;
}

/// The columns of a key and the cursor's; all columns when there is no key.
void identify(const model::Inventory& inventory, Incremental& incremental) {
  const auto key =
      std::find_if(inventory.keys.begin(), inventory.keys.end(), [](const auto& known) { return !known.nullable; });
  incremental.by_key = key != inventory.keys.end();
  if (incremental.by_key) {
    incremental.identity = key->columns;
  } else {
    for (const auto& column : inventory.columns) incremental.identity.push_back(column.name);
  }
  for (const auto& name : incremental.cursor.columns) {
    auto& identity = incremental.identity;
    if (std::find(identity.begin(), identity.end(), name) == identity.end()) identity.push_back(name);
  }
}

Result<bool> may_lack_cursor(const model::Inventory& inventory, const model::KeyColumns& cursor,
                             std::string_view first_key) {
  bool any = false, all = true;
  for (std::size_t i = 0; i < cursor.columns.size(); ++i) {
    const auto key = cursor.coalesced && i > 0 ? std::string_view("cursor_fallback_column") : first_key;
    const auto* column = TRY(require_column(inventory, key, cursor.columns[i]));
    any |= column->nullable;
    all &= column->nullable;
  }
  return cursor.coalesced ? all : any;
}

Result<void> check_same_cursor(const std::string& export_name, const Incremental& incremental) {
  const auto& since = incremental.since;
  if (!since || since->key == incremental.cursor) return {};
  return fail(ErrorKind::config,
              fmt::format("the earlier runs of export '{}' followed {}, not {}", export_name, spelled(since->key),
                          spelled(incremental.cursor)),
              reset_hint(export_name));
}

/// What this cannot promise, in the words of the user.
void warn(const Strategy& strategy, std::vector<model::PlanWarning>& warnings) {
  const auto& incremental = *strategy.incremental;
  const auto cursor = spelled(incremental.cursor);
  const auto add = [&](std::string_view rule, std::string message) {
    warnings.push_back({std::string(rule), std::move(message)});
  };
  if (incremental.lookback == 0) {
    add("no_lookback",
        fmt::format("cursor_lookback: 0: rows that are committed late with a {0} below the greatest one, "
                    "that tie with it, or that have none are not seen",
                    cursor));
    return;
  }
  if (!incremental.versions) {
    add("late_rows",
        fmt::format("nothing here tells when a row was committed: a later run reads about {} rows with the "
                    "greatest {} again and leaves out those it knows; a row that is committed late below "
                    "them is not seen",
                    incremental.lookback, cursor));
    return;
  }
  if (!incremental.by_key) {
    add("no_key", fmt::format("no key tells rows apart: a row at or below the last {} that is updated without changing "
                              "it is exported again",
                              cursor));
  } else if (!strategy.looks_back_far) {
    add("late_rows", fmt::format("the table is large: rows that are committed late are looked for among about {} rows "
                                 "with the greatest {}, not below",
                                 incremental.lookback, cursor));
  } else {
    add("updates", fmt::format("a row that is updated without changing {} is exported again when it is not among the "
                               "{} newest rows, which are remembered",
                               cursor, incremental.lookback));
  }
}

/// Makes the units in order.
class DeltaMaker {
 public:
  DeltaMaker(const Strategy& strategy, const KeyFacts& facts) : strategy_(strategy), facts_(facts) {
    delta_.incremental = *strategy.incremental;
    if (since()) cursor_before_ = since()->cursor;
  }

  Delta make() {
    settle_position();
    look_again();
    delta_.incremental.again_units = static_cast<int>(delta_.units.size());
    add_new_ranges();
    remember_the_newest();
    if (!since() && strategy_.nullable) add(null_key(), versions_from(0), "", "", "rows without a cursor");
    if (delta_.units.empty()) add_nothing();
    return std::move(delta_);
  }

 private:
  const std::optional<model::Position>& since() const { return delta_.incremental.since; }
  std::optional<Bound> behind_cursor() const {
    return cursor_before_.empty() ? std::nullopt : std::optional(Bound{cursor_before_, false});
  }

  void settle_position() {
    auto& until = delta_.incremental.until;
    until = {.key = delta_.incremental.cursor, .cursor = cursor_before_};
    if (facts_.extent.last) until.cursor = *facts_.extent.last;
    if (!facts_.horizon) return;
    until.horizon = facts_.horizon->settled;
    until.source_id = facts_.horizon->source_id;
  }

  /// Versions that a run covers for the first time, out of rows that were there before.
  std::optional<VersionRange> versions_from(std::int64_t from) const {
    if (!facts_.horizon) return std::nullopt;
    return VersionRange{.from = from, .below = facts_.horizon->settled};
  }

  void look_again() {
    if (!since() || delta_.incremental.lookback == 0) return;
    const auto late = versions_from(since()->horizon.value_or(0));
    if (late && late->from >= late->below) return;  // nothing has ended since
    if (!cursor_before_.empty()) {
      std::optional<Bound> floor;
      if (facts_.floor && looks_back_to_floor(strategy_)) floor = Bound{*facts_.floor, false};
      add(range(floor, Bound{cursor_before_, true}), late, floor ? display(floor->values) : "", display(cursor_before_),
          "rows that came late");
    }
    if (strategy_.nullable) add(null_key(), late, "", "", "rows without a cursor that came since");
  }

  void add_new_ranges() {
    if (!facts_.extent.last) return;
    const auto end = Bound{*facts_.extent.last, true};
    for (auto& range : model::ranges_between(delta_.incremental.cursor, behind_cursor(), facts_.split_points, end)) {
      auto start = range.lower ? display(range.lower->values) : "";
      auto last = display(range.upper->values);
      add(std::move(range), versions_from(0), std::move(start), std::move(last), "rows behind the cursor");
    }
  }

  /// An empty range: a run has a unit even when there is nothing to read.
  void add_nothing() {
    const model::KeyValues at = cursor_before_;
    const auto bounds = [&](bool inclusive) { return at.empty() ? std::nullopt : std::optional(Bound{at, inclusive}); };
    add(range(bounds(false), bounds(true)), versions_from(0), display(at), display(at), "nothing is new");
    if (at.empty()) delta_.units.back().predicate.terms.emplace_back(null_key());
  }

  /// Of many new ranges only the last are remembered, about as many rows as the lookback has.
  void remember_the_newest() {
    auto& incremental = delta_.incremental;
    incremental.remember_after =
        cursor_before_.empty() ? std::nullopt : std::optional<model::KeyValues>(cursor_before_);
    incremental.remember_from = incremental.again_units;
    const auto ranges = static_cast<std::int64_t>(delta_.units.size()) - incremental.again_units;
    if (ranges < 2 || facts_.new_rows <= incremental.lookback) return;
    const auto wanted = std::max<std::int64_t>(incremental.lookback * ranges / facts_.new_rows, 1);
    if (wanted >= ranges) return;
    incremental.remember_from += static_cast<int>(ranges - wanted);
    incremental.remember_after = facts_.split_points[static_cast<std::size_t>(ranges - wanted) - 1];
  }

  KeyRange range(std::optional<Bound> lower, std::optional<Bound> upper) const {
    const auto& cursor = delta_.incremental.cursor;
    return {
        .columns = cursor.columns, .lower = std::move(lower), .upper = std::move(upper), .coalesced = cursor.coalesced};
  }
  NullKey null_key() const {
    return {.columns = delta_.incremental.cursor.columns, .coalesced = delta_.incremental.cursor.coalesced};
  }
  static std::string display(const model::KeyValues& values) { return model::display_cursor(values); }

  void add(model::Term term, const std::optional<VersionRange>& versions, std::string start, std::string end,
           std::string reason) {
    Unit unit{.index = static_cast<int>(delta_.units.size()),
              .predicate = {{std::move(term)}},
              .start_key = std::move(start),
              .end_key = std::move(end),
              .reason = std::move(reason)};
    if (versions) unit.predicate.terms.emplace_back(*versions);
    delta_.units.push_back(std::move(unit));
  }

  const Strategy& strategy_;
  const KeyFacts& facts_;
  Delta delta_;
  model::KeyValues cursor_before_;  // empty: the runs before have reached nothing
};

tl::unexpected<Error> broken(const Unit& unit, std::string_view what) {
  return fail(ErrorKind::internal, fmt::format("the units of an incremental run: unit {} {}", unit.index, what));
}

}  // namespace

bool is_incremental(const config::Export& entry) {
  return entry.mode == config::Mode::incremental || entry.keys.keyset_incremental;
}

Result<Strategy> choose_delta(const config::Export& entry, const model::Inventory& inventory,
                              const Circumstances& told) {
  const auto& keys = entry.keys;
  const auto& since = told.since;
  Incremental incremental{.cursor = cursor_of(keys), .since = since, .until = {}};
  Strategy strategy{.shape = Shape::delta, .key = incremental.cursor.columns};
  strategy.nullable =
      TRY(may_lack_cursor(inventory, incremental.cursor, keys.keyset_incremental ? "chunk_by_key" : "cursor_column"));
  TRY(check_same_cursor(entry.name, incremental));
  incremental.versions = told.row_versions && inventory.row_versions;
  incremental.lookback = keys.cursor_lookback.value_or(incremental.versions ? kLookbackByVersion : kLookbackByReading);
  identify(inventory, incremental);
  strategy.step = keys.keyset_incremental ? chunk_rows(keys, inventory) : kCheckpointRows;
  strategy.looks_back_far =
      incremental.versions && !keys.cursor_lookback && inventory.total_bytes.value_or(0) <= kScanBytes;
  strategy.reason = since
                        ? fmt::format("incremental: rows behind {} {}, and those that came late",
                                      spelled(incremental.cursor), model::display_cursor(since->cursor))
                        : fmt::format("incremental by {}: the first run takes every row", spelled(incremental.cursor));
  strategy.incremental = std::move(incremental);
  warn(strategy, strategy.warnings);
  return strategy;
}

bool looks_back_to_floor(const Strategy& strategy) {
  const auto& since = strategy.incremental->since;
  return since && strategy.incremental->lookback > 0 && !(strategy.looks_back_far && since->horizon);
}

model::Relation new_rows_of(const model::Relation& relation, const Incremental& incremental) {
  auto out = relation;
  if (!incremental.since || incremental.since->cursor.empty()) return out;
  out.within.terms.emplace_back(
      model::ranges_between(incremental.cursor, Bound{incremental.since->cursor, false}, {}, {}).front());
  return out;
}

Result<void> check_horizon(const Incremental& incremental, const model::Horizon& horizon) {
  const auto& since = incremental.since;
  if (!since || !since->horizon) return {};
  if (since->source_id != horizon.source_id) {
    return fail(ErrorKind::config,
                fmt::format("the earlier runs read database {}, this is {}: which rows are new cannot be told",
                            since->source_id, horizon.source_id),
                "point the source at the former database, or start anew with rivet state reset");
  }
  if (*since->horizon > horizon.settled) {
    return fail(ErrorKind::permanent,
                fmt::format("this server is sure of transactions below {}, the earlier runs had read "
                            "those below {}: it is a replica that lags, or was restored from a backup",
                            horizon.settled, *since->horizon),
                "read from the server of the earlier runs, or wait until this one has caught up; after a "
                "restore start anew with rivet state reset");
  }
  return {};
}

Result<Delta> make_delta(const Strategy& strategy, const KeyFacts& facts) {
  if (!strategy.incremental) return fail(ErrorKind::internal, "a delta without a cursor");
  return DeltaMaker(strategy, facts).make();
}

Result<std::string> prove_delta(const KeyFacts& facts, const Delta& delta) {
  const auto& incremental = delta.incremental;
  std::optional<model::KeyValues> reached;
  if (incremental.since && !incremental.since->cursor.empty()) reached = incremental.since->cursor;
  std::int64_t ranges = 0;
  for (const auto& unit : delta.units) {
    const auto* range = std::get_if<KeyRange>(&unit.predicate.terms.front());
    const auto& terms = unit.predicate.terms;
    const bool has_versions = std::any_of(terms.begin(), terms.end(),
                                          [](const auto& term) { return std::holds_alternative<VersionRange>(term); });
    if (has_versions != facts.horizon.has_value()) return broken(unit, "reads versions that are not settled");
    const bool is_empty = std::any_of(terms.begin() + 1, terms.end(),
                                      [](const auto& term) { return std::holds_alternative<NullKey>(term); });
    if (unit.index < incremental.again_units || range == nullptr || is_empty) continue;
    const auto lower = range->lower ? std::optional(range->lower->values) : std::nullopt;
    if (lower != reached || (range->lower && range->lower->inclusive)) return broken(unit, "leaves a gap or overlaps");
    if (!range->upper || !range->upper->inclusive) return broken(unit, "has no closed end");
    reached = range->upper->values;
    ++ranges;
  }
  const auto& until = incremental.until.cursor;
  if (reached.value_or(model::KeyValues()) != until) {
    return broken(delta.units.back(), "is the last, and the position would pass rows that no unit reads");
  }
  const auto settled =
      facts.horizon ? fmt::format(", of transactions below {}", facts.horizon->settled) : std::string();
  return fmt::format("{} ranges from {} to {} without a gap{}; {} more look again at what was read before", ranges,
                     incremental.since ? model::display_cursor(incremental.since->cursor) : "the beginning",
                     until.empty() ? "the end" : model::display_cursor(until), settled, incremental.again_units);
}

}  // namespace rivet::plan
