// SPDX-License-Identifier: Apache-2.0
// Scores and thresholds; every choice comes with the sentence that explains it.
#include "plan/suggest.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "plan/keys.hpp"

namespace rivet::plan {
namespace {

using Kind = model::LogicalKind;
using config::Mode;
using model::Inventory;

constexpr double kSparse = 4;  // a key that spans so many times the rows has mostly holes
constexpr int kPlaces = 5;

bool is_timestamp(const model::Column& column) {
  return column.type.kind == Kind::timestamp || column.type.kind == Kind::timestamp_tz;
}

bool says(const std::string& name, std::initializer_list<std::string_view> words) {
  const auto spelled = base::lower(name);
  return std::any_of(words.begin(), words.end(),
                     [&](const auto word) { return spelled.find(word) != std::string::npos; });
}

bool says_updated(const std::string& name) {
  return says(name, {"updated_at", "modified_at", "updatedat", "modifiedat", "last_modified", "last_updated"});
}
bool says_created(const std::string& name) { return says(name, {"created_at", "createdat"}); }

bool is_primary(const Inventory& inventory, const std::string& column) {
  return !inventory.keys.empty() && inventory.keys.front().primary &&
         inventory.keys.front().columns == std::vector{column};
}

bool is_unique(const Inventory& inventory, const std::string& column) {
  return std::any_of(inventory.keys.begin(), inventory.keys.end(),
                     [&](const auto& key) { return !key.nullable && key.columns == std::vector{column}; });
}

bool is_indexed(const Inventory& inventory, const std::string& column) {
  return std::find(inventory.indexed.begin(), inventory.indexed.end(), column) != inventory.indexed.end();
}

bool can_have_indexes(model::RelationKind kind) {
  using enum model::RelationKind;
  return kind == table || kind == partitioned_table || kind == materialized_view;
}

/// Adds up a score and keeps what it is made of.
struct Score {
  int points = 0;
  std::vector<std::string> reasons = {};

  void add(bool holds, int more, std::string_view reason) {
    if (!holds) return;
    points += more;
    reasons.emplace_back(reason);
  }
};

Score score_cursor(const Inventory& inventory, const model::Column& column) {
  const bool primary = is_primary(inventory, column.name);
  const bool integer = is_integer(column);
  Score score;
  score.add(is_timestamp(column), 40, "timestamp_type");
  score.add(column.type.kind == Kind::date, 20, "date_type");
  score.add(integer && primary, 25, "integer_monotonic");
  score.add(says_updated(column.name), 40, "name_suggests_updated");
  score.add(says_created(column.name), 20, "name_suggests_created");
  score.add(primary, 0, "primary_key");
  score.add(!primary && is_indexed(inventory, column.name), 10, "indexed");
  score.add(column.nullable, -10, "nullable");
  return score;
}

bool can_be_cursor(const Inventory& inventory, const model::Column& column) {
  if (is_timestamp(column) || column.type.kind == Kind::date) return true;
  const bool tells_time = says_updated(column.name) || says_created(column.name);
  return is_integer(column) && (is_primary(inventory, column.name) || tells_time);
}

/// Whether the candidate is of a type that `has_days` takes.
bool is_time(const Inventory& inventory, const model::CursorCandidate& candidate) {
  const auto* column = find_column(inventory, candidate.column);
  return column != nullptr && has_days(*column);
}

/// The first column without NULLs and of the same type that also tells a time.
std::string fallback_of(const Inventory& inventory, const std::vector<model::CursorCandidate>& cursors) {
  if (cursors.empty() || !cursors.front().nullable) return {};
  const auto* best = find_column(inventory, cursors.front().column);
  for (const auto& column : inventory.columns) {
    if (!column.nullable && is_timestamp(column) && column.type == best->type) return column.name;
  }
  return {};
}

/// The columns of the best key without NULLs; none when there is no such key.
std::vector<std::string> cutting_key(const Inventory& inventory) {
  for (const auto& key : inventory.keys) {
    if (!key.nullable) return key.columns;
  }
  return {};
}

std::string rows_text(const RelationFacts& facts) {
  const auto& rows = facts.entry.row_estimate;
  if (!rows) return "an unknown number of rows";
  return fmt::format("about {} row{}", base::with_thousands(*rows), *rows == 1 ? "" : "s");
}

/// Chooses the mode of one relation.
class Suggester {
 public:
  Suggester(const RelationFacts& facts, const std::vector<model::CursorCandidate>& cursors, std::string fallback)
      : facts_(facts), cursors_(cursors), fallback_(std::move(fallback)), key_(cutting_key(facts.inventory)) {}

  model::Suggestion choose(std::optional<Mode> forced) const {
    auto suggestion = plain();
    if (!facts_.misfits.readable_query.empty()) {
      suggestion = full("read by a query, which has no key to cut it by");
    }
    if (!forced || config::name_of(*forced) == suggestion.mode) return suggestion;
    if (auto wanted = force(*forced)) return std::move(*wanted);
    suggestion.reason = fmt::format("mode {} is not possible here: {}; instead: {}", config::name_of(*forced),
                                    obstacle(*forced), suggestion.reason);
    return suggestion;
  }

 private:
  model::Suggestion plain() const {
    const auto rows = facts_.entry.row_estimate.value_or(0);
    if (rows < kLargeRows) return full(rows_text(facts_) + ": read by one statement");
    if (!key_.empty()) return chunked(fmt::format("{}, and a key to cut them by", rows_text(facts_)));
    if (const auto* cursor = time_cursor()) {
      return incremental(*cursor, fmt::format("{} without a key to cut them by: after the first run only what is new "
                                              "is read; rows that are deleted stay in the output",
                                              rows_text(facts_)));
    }
    return full(rows_text(facts_) + ", and neither a key to cut them by nor a timestamp to follow");
  }

  std::optional<model::Suggestion> force(Mode mode) const {
    const std::string asked = "as asked for";
    const bool by_query = !facts_.misfits.readable_query.empty();
    if (mode == Mode::full) return full(asked);
    if (mode == Mode::chunked && !by_query) return forced_chunks(asked);
    if (mode == Mode::incremental && !cursors_.empty() && !by_query) return incremental(cursors_.front(), asked);
    const auto* time = time_cursor();
    if (mode != Mode::time_window || time == nullptr || by_query) return std::nullopt;
    return model::Suggestion{.mode = "time_window", .reason = asked, .cursor = time->column};
  }

  std::optional<model::Suggestion> forced_chunks(const std::string& reason) const {
    if (!key_.empty()) return chunked(reason);
    const auto& columns = facts_.inventory.columns;
    const auto column = std::find_if(columns.begin(), columns.end(), is_integer);
    if (column == columns.end()) return std::nullopt;
    auto suggestion = chunked(reason);
    suggestion.chunk_column = column->name;
    return suggestion;
  }

  std::string obstacle(Mode mode) const {
    if (!facts_.misfits.readable_query.empty()) return "it has to be read by a query";
    if (mode == Mode::chunked) return "neither a key nor an integer column to cut it by";
    return mode == Mode::incremental ? "no column to follow" : "no date or timestamp column";
  }

  static model::Suggestion full(std::string reason) { return {.mode = "full", .reason = std::move(reason)}; }

  model::Suggestion chunked(std::string reason) const {
    const auto rows = facts_.entry.row_estimate.value_or(0);
    return {.mode = "chunked",
            .reason = std::move(reason),
            .chunk_by_key = key_,
            .chunk_size = suggest_chunk_size(rows),
            .parallel = suggest_parallel(rows)};
  }

  model::Suggestion incremental(const model::CursorCandidate& cursor, std::string reason) const {
    return {.mode = "incremental",
            .reason = std::move(reason),
            .cursor = cursor.column,
            .fallback = &cursor == &cursors_.front() ? fallback_ : std::string()};
  }

  const model::CursorCandidate* time_cursor() const {
    const auto found = std::find_if(cursors_.begin(), cursors_.end(),
                                    [&](const auto& cursor) { return is_time(facts_.inventory, cursor); });
    return found == cursors_.end() ? nullptr : &*found;
  }

  const RelationFacts& facts_;
  const std::vector<model::CursorCandidate>& cursors_;
  const std::string fallback_;
  const std::vector<std::string> key_;
};

std::vector<std::string> notes_of(const RelationFacts& facts, const model::DiscoveredTable& table) {
  auto notes = facts.entry.notes;
  const auto rows = facts.entry.row_estimate.value_or(0);
  if (!table.fallback.empty()) {
    notes.push_back(
        fmt::format("the best cursor, {}, may be NULL: follow it with `incremental_cursor_mode: coalesce` and "
                    "`cursor_fallback_column: {}`",
                    table.cursors.front().column, table.fallback));
  }
  if (rows >= kLargeRows && !table.cursors.empty()) {
    const auto& best = table.cursors.front();
    if (!best.primary_key && can_have_indexes(facts.entry.kind) && !is_indexed(facts.inventory, best.column)) {
      notes.push_back(
          fmt::format("no index begins with the best cursor, {}: an incremental export would scan the "
                      "whole table each time",
                      best.column));
    }
  }
  if (facts.span && rows > 0 && facts.span->keys > kSparse * static_cast<double>(rows)) {
    notes.push_back(
        fmt::format("{} is sparse: {:.3g} possible keys for {}; cut by `chunk_by_key`, because most windows "
                    "of `chunk_column` would be empty",
                    facts.span->column, facts.span->keys, rows_text(facts)));
  }
  return notes;
}

template <class Candidate>
void sort_by_score(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
}

}  // namespace

std::vector<model::CursorCandidate> rank_cursors(const Inventory& inventory) {
  std::vector<model::CursorCandidate> candidates;
  const auto count = static_cast<int>(inventory.columns.size());
  for (int i = 0; i < count; ++i) {
    const auto& column = inventory.columns[static_cast<std::size_t>(i)];
    if (!can_be_cursor(inventory, column)) continue;
    auto score = score_cursor(inventory, column);
    candidates.push_back({.column = column.name,
                          .data_type = column.native_type,
                          .nullable = column.nullable,
                          .primary_key = is_primary(inventory, column.name),
                          .score = score.points + std::min(kPlaces, count - i),
                          .reasons = std::move(score.reasons)});
  }
  sort_by_score(candidates);
  return candidates;
}

std::vector<model::ChunkCandidate> rank_chunks(const Inventory& inventory) {
  std::vector<model::ChunkCandidate> candidates;
  for (const auto& column : inventory.columns) {
    const bool primary = is_primary(inventory, column.name), integer = is_integer(column);
    const bool unique = !integer && !primary && is_unique(inventory, column.name);
    const int score = (integer || unique ? 20 : 0) + (primary ? 40 : 0);
    if (score == 0) continue;
    candidates.push_back(
        {.column = column.name, .data_type = column.native_type, .primary_key = primary, .score = score});
  }
  sort_by_score(candidates);
  return candidates;
}

const model::Column* integer_key(const Inventory& inventory) {
  const auto key = cutting_key(inventory);
  const auto* column = key.size() == 1 ? find_column(inventory, key.front()) : nullptr;
  return column != nullptr && is_integer(*column) ? column : nullptr;
}

std::int64_t suggest_chunk_size(std::int64_t rows) {
  if (rows < 1'000'000) return 100'000;
  if (rows < 10'000'000) return 250'000;
  return rows < 100'000'000 ? 1'000'000 : 2'500'000;
}

int suggest_parallel(std::int64_t rows) {
  if (rows < 500'000) return 1;
  return rows < 5'000'000 ? 2 : 4;
}

model::DiscoveredTable suggest(const RelationFacts& facts, std::optional<Mode> forced) {
  model::DiscoveredTable table{.entry = facts.entry,
                               .columns = facts.inventory.columns,
                               .misfits = facts.misfits,
                               .cursors = rank_cursors(facts.inventory),
                               .chunks = rank_chunks(facts.inventory)};
  table.fallback = fallback_of(facts.inventory, table.cursors);
  table.suggestion = Suggester(facts, table.cursors, table.fallback).choose(forced);
  table.notes = notes_of(facts, table);
  return table;
}

}  // namespace rivet::plan
