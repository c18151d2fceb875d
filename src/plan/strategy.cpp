// SPDX-License-Identifier: Apache-2.0
// One function per way to cut; the order in which they are tried is the order users of chunked exports know.
#include "plan/strategy.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "plan/delta.hpp"
#include "plan/keys.hpp"

namespace rivet::plan {
namespace {

using Shape = Strategy::Shape;

// More units than slots, so that one slow unit does not leave the other slots idle at the end.
constexpr std::int64_t kUnitsPerSlot = 4;

/// Units for ranges between boundaries: as many as chunks of `chunk_size` rows would be.
std::int64_t chunks_by_estimate(const config::ModeKeys& keys, const model::Inventory& inventory) {
  if (keys.chunk_count) return *keys.chunk_count;
  const auto rows = inventory.row_estimate.value_or(0);
  return std::max<std::int64_t>(ceil_div(rows, chunk_rows(keys, inventory)), keys.parallel);
}

class Chooser {
 public:
  Chooser(const config::Export& entry, const model::Inventory& inventory, const Circumstances& told)
      : entry_(entry), keys_(entry.keys), inventory_(inventory), told_(told) {}

  Result<Strategy> choose() const {
    auto strategy = TRY(by_mode());
    TRY(settle_consistency(strategy));
    return strategy;
  }

 private:
  Result<Strategy> by_mode() const {
    if (is_incremental(entry_)) return choose_delta(entry_, inventory_, told_);
    if (entry_.mode == config::Mode::time_window) return by_window();
    return entry_.mode == config::Mode::chunked ? chunked() : whole_relation();
  }

  Result<Strategy> whole_relation() const {
    if (keys_.parallel <= 1) return one_unit("mode full: the whole relation in one statement");
    const auto units = keys_.parallel * kUnitsPerSlot;
    if (can_use_pages()) return by_pages(units, fmt::format("parallel: {}: cut by physical pages", keys_.parallel));
    if (auto strategy = by_own_key(units)) return std::move(*strategy);
    auto strategy = one_unit("mode full: nothing to cut the relation by");
    strategy.warnings.push_back(
        {"not_parallel", fmt::format("parallel: {} has no effect: {} has no key to cut it by; use mode: chunked with "
                                     "chunk_column or chunk_by_key",
                                     keys_.parallel, model::display_name(entry_.relation))});
    return strategy;
  }

  /// From midnight UTC some days ago to the greatest time there is when the run begins.
  Result<Strategy> by_window() const {
    const auto* column = TRY(require_column(inventory_, "time_column", keys_.time_column));
    if (keys_.time_column_unix ? !is_integer(*column) : !has_days(*column)) {
      return fail(ErrorKind::config,
                  fmt::format("time_column: column '{}' is {}, not {}", column->name, column->native_type,
                              keys_.time_column_unix ? "an integer" : "a date or timestamp"),
                  keys_.time_column_unix ? "leave time_column_type out for dates and timestamps"
                                         : "set time_column_type: unix for seconds, or give the column a type "
                                           "under columns:");
    }
    const auto from = std::chrono::floor<std::chrono::days>(told_.now) - std::chrono::days(*keys_.days_window);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(from.time_since_epoch()).count();
    const auto text = keys_.time_column_unix ? std::to_string(seconds) : text_of(from);
    return Strategy{.shape = Shape::window,
                    .key = {column->name},
                    .from = {text},
                    .units = keys_.parallel > 1 ? keys_.parallel * kUnitsPerSlot : 1,
                    .reason = fmt::format("time_window: {} from {} on", column->name, text)};
  }

  Result<Strategy> chunked() const {
    if (!keys_.chunk_by_key.empty()) return by_given_key();
    if (keys_.chunk_by_days) return by_days();
    if (keys_.chunk_dense) return by_row_numbers();
    if (!keys_.chunk_column.empty()) return by_chunk_column();
    if (is_small()) {
      return one_unit(fmt::format("about {} rows: not more than one chunk", *inventory_.row_estimate));
    }
    return by_what_there_is();
  }

  Result<Strategy> by_given_key() const {
    bool nullable = false;
    for (const auto& name : keys_.chunk_by_key) {
      nullable |= TRY(require_column(inventory_, "chunk_by_key", name))->nullable;
    }
    return Strategy{.shape = Shape::key_ranges,
                    .key = keys_.chunk_by_key,
                    .units = chunks_by_estimate(keys_, inventory_),
                    .reason = fmt::format("chunk_by_key: ranges of {}{}", fmt::join(keys_.chunk_by_key, ", "),
                                          nullable ? ", and the rows without it" : "")};
  }

  Result<Strategy> by_days() const {
    if (keys_.chunk_column.empty()) {
      return fail(ErrorKind::config, "chunk_by_days needs chunk_column", "name the date or timestamp column to cut by");
    }
    const auto* column = TRY(require_column(inventory_, "chunk_column", keys_.chunk_column));
    if (!has_days(*column)) {
      return fail(
          ErrorKind::config,
          fmt::format("chunk_by_days: column '{}' is {}, not a date or timestamp", column->name, column->native_type),
          "name a date or timestamp column, or use chunk_by_key");
    }
    return Strategy{.shape = Shape::days,
                    .key = {column->name},
                    .step = *keys_.chunk_by_days,
                    .reason = fmt::format("chunk_by_days: {} days of {} each", *keys_.chunk_by_days, column->name)};
  }

  Result<Strategy> by_row_numbers() const {
    auto name = keys_.chunk_column;
    if (name.empty() && !inventory_.keys.empty()) name = inventory_.keys.front().columns.front();
    if (name.empty()) {
      return fail(ErrorKind::config, "chunk_dense needs chunk_column", "name the column to order the rows by");
    }
    TRY(require_column(inventory_, "chunk_column", name));
    return Strategy{.shape = Shape::row_numbers,
                    .key = {name},
                    .step = chunk_rows(keys_, inventory_),
                    .reason = fmt::format("chunk_dense: rows numbered by {}", name),
                    .warnings = {{"dense_cost",
                                  "chunk_dense orders the whole relation once per chunk; chunk_by_key "
                                  "gives even chunks without that"}}};
  }

  Result<Strategy> by_chunk_column() const {
    const auto* column = TRY(require_column(inventory_, "chunk_column", keys_.chunk_column));
    if (is_integer(*column)) {
      return by_integer(column->name, fmt::format("chunk_column {}: windows of an integer key", column->name));
    }
    return Strategy{.shape = Shape::key_ranges,
                    .key = {column->name},
                    .units = chunks_by_estimate(keys_, inventory_),
                    .reason = fmt::format("chunk_column {} is {}: ranges between boundaries that the server names",
                                          column->name, column->native_type)};
  }

  Result<Strategy> by_what_there_is() const {
    if (!inventory_.keys.empty() && inventory_.keys.front().primary && inventory_.keys.front().columns.size() == 1) {
      const auto* column = find_column(inventory_, inventory_.keys.front().columns.front());
      if (column != nullptr && is_integer(*column)) {
        auto strategy = by_integer(column->name, fmt::format("no key given: primary key {}", column->name));
        strategy.warnings.push_back(
            {"key_chosen", fmt::format("chunked by the primary key {}; set chunk_column to say so", column->name)});
        return strategy;
      }
    }
    const auto units = chunks_by_estimate(keys_, inventory_);
    if (auto strategy = by_own_key(units)) return std::move(*strategy);
    if (can_use_pages()) return by_pages(units, "no key: cut by physical pages");
    return fail(ErrorKind::config,
                fmt::format("{} has no primary or unique key to cut it by", model::display_name(entry_.relation)),
                "set chunk_column or chunk_by_key, or use mode: full");
  }

  /// The best key that the relation itself has; nothing when it has none.
  std::optional<Strategy> by_own_key(std::int64_t units) const {
    const model::Key* best = nullptr;
    for (const auto& key : inventory_.keys) {
      if (best == nullptr || (best->nullable && !key.nullable)) best = &key;
    }
    if (best != nullptr) {
      return Strategy{
          .shape = Shape::key_ranges,
          .key = best->columns,
          .units = units,
          .reason = fmt::format("{} key ({})", best->primary ? "primary" : "unique", fmt::join(best->columns, ", "))};
    }
    if (inventory_.row_id.empty()) return std::nullopt;
    Strategy strategy{
        .shape = Shape::key_ranges, .key = {inventory_.row_id}, .units = units, .reason = "no key: cut by the row id"};
    strategy.warnings.push_back(
        {"row_id", fmt::format("cut by {}, which VACUUM may change: do not run it meanwhile, or "
                               "set chunk_by_key",
                               inventory_.row_id)});
    return strategy;
  }

  Strategy by_integer(const std::string& column, std::string reason) const {
    Strategy strategy{.shape = Shape::integer_windows, .key = {column}, .reason = std::move(reason)};
    if (keys_.chunk_count) {
      strategy.units = *keys_.chunk_count;
      return strategy;
    }
    strategy.step = chunk_rows(keys_, inventory_);
    if (inventory_.row_estimate) strategy.densest = ceil_div(*inventory_.row_estimate, strategy.step);
    return strategy;
  }

  static Strategy one_unit(std::string reason) { return {.shape = Shape::whole, .reason = std::move(reason)}; }

  Strategy by_pages(std::int64_t units, std::string reason) const {
    return {.shape = Shape::pages, .units = units, .reason = std::move(reason)};
  }

  bool can_use_pages() const {
    const bool one_instant = keys_.consistency.value_or(config::Consistency::snapshot) == config::Consistency::snapshot;
    return told_.pages && told_.shared_snapshot && entry_.relation.is_table() && one_instant;
  }

  bool is_small() const {
    const bool wants_chunks = keys_.chunk_checkpoint || keys_.chunk_count || keys_.parallel > 1;
    return !wants_chunks && inventory_.row_estimate && *inventory_.row_estimate <= chunk_rows(keys_, inventory_);
  }

  /// One unit is one instant by itself; a full export promises one instant; everything else reads short.
  Result<void> settle_consistency(Strategy& strategy) const {
    const bool one_instant =
        keys_.consistency ? *keys_.consistency == config::Consistency::snapshot : entry_.mode == config::Mode::full;
    if (strategy.shape == Shape::whole) return {};
    strategy.shared_snapshot = strategy.shape == Shape::pages || (one_instant && told_.shared_snapshot);
    if (!one_instant || strategy.shared_snapshot) return {};
    if (keys_.consistency) {
      return fail(ErrorKind::config,
                  "consistency: snapshot is not possible here: several sessions of this source cannot read the "
                  "same instant",
                  "use parallel: 1 with mode: full, or consistency: unit");
    }
    strategy = one_unit("mode full: one instant, which only one session of this source can read");
    strategy.warnings.push_back(
        {"not_parallel", fmt::format("parallel: {} has no effect: sessions of this source cannot "
                                     "share an instant; set consistency: unit to give that up",
                                     keys_.parallel)});
    return {};
  }

  const config::Export& entry_;
  const config::ModeKeys& keys_;
  const model::Inventory& inventory_;
  const Circumstances& told_;
};

}  // namespace

std::string_view name_of(Strategy::Shape shape) {
  switch (shape) {
    case Shape::whole: return "full";
    case Shape::integer_windows: return "range";
    case Shape::key_ranges: return "keyset";
    case Shape::days: return "days";
    case Shape::row_numbers: return "dense";
    case Shape::pages: return "pages";
    case Shape::window: return "time-window";
    case Shape::delta: return "incremental";
  }
  return "";
}

Result<Strategy> choose_strategy(const config::Export& entry, const model::Inventory& inventory,
                                 const Circumstances& told) {
  return Chooser(entry, inventory, told).choose();
}

}  // namespace rivet::plan
