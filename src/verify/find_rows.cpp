// SPDX-License-Identifier: Apache-2.0
// Rows are matched as a multiset by their hashes; what is left over on both sides is paired by key.
#include "verify/find_rows.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "batch/cell_text.hpp"
#include "verify/compare_unit.hpp"

namespace rivet::verify {
namespace {

using batch::RowHash;
using model::Cause;
using model::RowChange;

constexpr std::uint64_t kRowsAtOnce = 1'000'000;  // of one side, remembered by hash
constexpr std::size_t kRowsKept = 10'000;         // with their values, of each side
constexpr std::size_t kReadsAtOnce = 32;          // stretches of the key, before one read over all of them is cheaper
constexpr int kGroupsBehindLimit = 4;             // are still looked at once enough rows are listed
constexpr std::size_t kShownBytes = 4096;

struct HashOfHash {
  std::size_t operator()(const RowHash& hash) const { return hash.low; }
};
using Multiset = std::unordered_map<RowHash, std::int64_t, HashOfHash>;

/// A row of one side that the other does not have.
struct Leftover {
  RowHash hash;
  std::uint64_t key = 0;
  std::vector<model::CellText> cells;
  std::size_t part = 0;  // of a landed row
  bool old = false;      // of a source row: its version was there when the unit was read
};

/// A row of the source and one that landed, at least one of them.
struct Pair {
  std::optional<Leftover> source, landed;
};

RowChange change_of(const Pair& pair) {
  if (!pair.landed) return RowChange::missing;
  return pair.source ? RowChange::changed : RowChange::extra;
}

/// Takes one from the multiset, if there is one.
bool take(Multiset& rows, const RowHash& hash) {
  const auto found = rows.find(hash);
  if (found == rows.end()) return false;
  if (--found->second == 0) rows.erase(found);
  return true;
}

std::string shortened(std::string text) {
  if (text.size() <= kShownBytes) return text;
  auto end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

/// The buckets that are looked at in one go.
struct Group {
  std::vector<bool> wanted = std::vector<bool>(RowPlace::kBuckets);
  std::vector<std::pair<std::size_t, std::size_t>> stretches;  // first and last, neighbours joined
  std::uint64_t rows = 0;

  void add(std::size_t bucket, std::uint64_t size) {
    wanted[bucket] = true;
    rows += size;
    if (!stretches.empty() && stretches.back().second + 1 == bucket) {
      stretches.back().second = bucket;
    } else {
      stretches.emplace_back(bucket, bucket);
    }
  }
};

std::vector<Group> groups_of(const ComparedSums& sums) {
  std::vector<Group> groups;
  for (std::size_t bucket = 0; bucket < RowPlace::kBuckets; ++bucket) {
    if (sums.source[bucket] == sums.landed[bucket]) continue;
    const auto size = std::max(sums.source[bucket].rows, sums.landed[bucket].rows);
    if (groups.empty() || groups.back().rows + size > kRowsAtOnce) groups.emplace_back();
    groups.back().add(bucket, size);
  }
  return groups;
}

class RowSearch {
 public:
  RowSearch(source::Session& session, const UnitToCompare& unit, const ComparedSums& sums, std::int64_t limit,
            const std::stop_token& stop, model::UnitReconciliation& found)
      : session_(session), unit_(unit), sums_(sums), limit_(limit), stop_(stop), found_(found) {
    for (const auto& column : unit.request.columns) writers_.emplace_back(column.type);
  }

  Result<void> run() {
    int behind_limit = 0;
    for (const auto& group : groups_of(sums_)) {
      if (static_cast<std::int64_t>(pairs_.size()) >= limit_ && ++behind_limit > kGroupsBehindLimit) {
        found_.counts.complete = false;
        break;
      }
      TRY(look_at(group));
    }
    conclude();
    return {};
  }

 private:
  Result<void> look_at(const Group& group);
  Result<Multiset> landed_hashes(const Group& group) const;
  Result<std::vector<Leftover>> source_only(const Group& group, Multiset& landed);
  Result<std::vector<Leftover>> landed_only(const Group& group, Multiset& landed);
  Result<void> mark_old(const Group& group, std::vector<Leftover>& rows) const;
  std::vector<SourceRead> reads_of(const Group& group, const std::vector<model::Term>& more) const;
  template <class See>
  Result<void> read_source(const Group& group, const std::vector<model::Term>& more, See&& see) const;
  Leftover copy(const arrow::RecordBatch& rows, std::int64_t row, std::span<const std::uint64_t> cells,
                const RowHash& hash) const;
  void keep(std::vector<Leftover>& rows, RowChange change, Leftover row);
  void pair_up(std::vector<Leftover> source, std::vector<Leftover> landed);
  void conclude();
  bool losses_explain() const;
  Cause cause_of(const Pair& pair, bool explained) const;
  bool is_damaged(std::size_t part) const;
  model::RowDifference shown(const Pair& pair, Cause cause) const;

  source::Session& session_;
  const UnitToCompare& unit_;
  const ComparedSums& sums_;
  const std::int64_t limit_;
  const std::stop_token& stop_;
  model::UnitReconciliation& found_;
  std::vector<batch::CellWriter> writers_;
  std::vector<Pair> pairs_;
};

/// The unit's reads with further terms, narrowed to the group where its buckets are stretches of the key. Rows that
/// look alike are in one stretch.
std::vector<SourceRead> RowSearch::reads_of(const Group& group, const std::vector<model::Term>& more) const {
  auto reads = unit_.reads;
  for (auto& read : reads) read.predicate.terms.insert(read.predicate.terms.end(), more.begin(), more.end());
  if (!unit_.place.by_stretches()) return reads;
  auto stretches = group.stretches;
  if (stretches.size() > kReadsAtOnce) stretches = {{stretches.front().first, stretches.back().second}};
  std::vector<SourceRead> narrowed;
  for (const auto& read : reads) {
    for (const auto& [first, last] : stretches) {
      auto& one = narrowed.emplace_back(read);
      auto keys = unit_.place.keys_of(first, last);
      if (keys.lower || keys.upper) one.predicate.terms.emplace_back(std::move(keys));
    }
  }
  return narrowed;
}

template <class See>
Result<void> RowSearch::read_source(const Group& group, const std::vector<model::Term>& more, See&& see) const {
  batch::Digester digester(unit_.request.columns);
  const auto look = [&](const arrow::RecordBatch& rows) {
    digester.add(rows, [&](std::int64_t row, std::span<const std::uint64_t> cells, const RowHash& hash) {
      if (group.wanted[unit_.place.bucket_of(rows, row, cells, hash)]) see(rows, row, cells, hash);
    });
  };
  TRY(verify::read_source(session_, unit_.request, reads_of(group, more), stop_, look));
  return {};
}

Leftover RowSearch::copy(const arrow::RecordBatch& rows, std::int64_t row, std::span<const std::uint64_t> cells,
                         const RowHash& hash) const {
  Leftover out{.hash = hash, .key = unit_.place.key_of(cells, hash), .cells = {}};
  for (std::size_t i = 0; i < writers_.size(); ++i) {
    const auto& column = *rows.column(static_cast<int>(i));
    auto& cell = out.cells.emplace_back();
    if (column.IsNull(row)) continue;
    writers_[i].append(column, row, cell.emplace());
  }
  return out;
}

/// Beyond what is kept with its values a row is only counted.
void RowSearch::keep(std::vector<Leftover>& rows, RowChange change, Leftover row) {
  if (rows.size() < kRowsKept) {
    rows.push_back(std::move(row));
    return;
  }
  found_.counts.add(change, Cause::undetermined);
  found_.counts.complete = false;
}

Result<Multiset> RowSearch::landed_hashes(const Group& group) const {
  Multiset hashes;
  for (const auto& part : unit_.parts) {
    TRY(scan_part(
        unit_.destination, unit_.format, unit_.landed_columns, part,
        [&](const arrow::RecordBatch& rows, std::int64_t row, std::span<const std::uint64_t> cells,
            const RowHash& hash) {
          if (group.wanted[unit_.place.bucket_of(rows, row, cells, hash)]) ++hashes[hash];
        },
        stop_));
  }
  return hashes;
}

Result<std::vector<Leftover>> RowSearch::source_only(const Group& group, Multiset& landed) {
  std::vector<Leftover> rows;
  TRY(read_source(group, {},
                  [&](const arrow::RecordBatch& batch, std::int64_t row, std::span<const std::uint64_t> cells,
                      const RowHash& hash) {
                    if (!take(landed, hash)) keep(rows, RowChange::missing, copy(batch, row, cells, hash));
                  }));
  return rows;
}

Result<std::vector<Leftover>> RowSearch::landed_only(const Group& group, Multiset& landed) {
  std::vector<Leftover> found;
  for (std::size_t i = 0; i < unit_.parts.size() && !landed.empty(); ++i) {
    TRY(scan_part(
        unit_.destination, unit_.format, unit_.landed_columns, unit_.parts[i],
        [&](const arrow::RecordBatch& rows, std::int64_t row, std::span<const std::uint64_t> cells,
            const RowHash& hash) {
          const bool wanted = group.wanted[unit_.place.bucket_of(rows, row, cells, hash)];
          if (!wanted || !take(landed, hash)) return;
          auto copied = copy(rows, row, cells, hash);
          copied.part = i;
          keep(found, RowChange::extra, std::move(copied));
        },
        stop_));
  }
  return found;
}

/// Asks which of the rows were there, as they are, when the unit was read.
Result<void> RowSearch::mark_old(const Group& group, std::vector<Leftover>& rows) const {
  if (rows.empty() || !unit_.settled) return {};
  Multiset asked, old;
  for (const auto& row : rows) ++asked[row.hash];
  TRY(read_source(group, {model::VersionRange{.from = 0, .below = *unit_.settled}},
                  [&](const arrow::RecordBatch&, std::int64_t, std::span<const std::uint64_t>, const RowHash& hash) {
                    if (asked.contains(hash)) ++old[hash];
                  }));
  for (auto& row : rows) row.old = take(old, row.hash);
  return {};
}

void RowSearch::pair_up(std::vector<Leftover> source, std::vector<Leftover> landed) {
  std::unordered_multimap<std::uint64_t, Leftover> by_key;
  const bool keyed = !unit_.place.key().empty();
  for (auto& row : landed) {
    const auto key = row.key;
    by_key.emplace(key, std::move(row));
  }
  for (auto& row : source) {
    Pair pair{.source = std::move(row), .landed = {}};
    const auto same_key = keyed ? by_key.find(pair.source->key) : by_key.end();
    if (same_key != by_key.end()) {
      pair.landed = std::move(same_key->second);
      by_key.erase(same_key);
    }
    pairs_.push_back(std::move(pair));
  }
  for (auto& [key, row] : by_key) pairs_.push_back({.source = {}, .landed = std::move(row)});
}

Result<void> RowSearch::look_at(const Group& group) {
  auto landed = TRY(landed_hashes(group));
  auto in_source = TRY(source_only(group, landed));
  auto in_parts = TRY(landed_only(group, landed));
  TRY(mark_old(group, in_source));
  pair_up(std::move(in_source), std::move(in_parts));
  return {};
}

bool RowSearch::is_damaged(std::size_t part) const {
  const auto& digest = sums_.parts[part].digest;
  return !digest || !same_value(*digest, unit_.parts[part].digest);
}

/// Whether what landed, together with the rows that are lost, is exactly what was recorded.
bool RowSearch::losses_explain() const {
  RowSum sum{.rows = found_.landed->rows, .low = found_.landed->low, .high = found_.landed->high};
  for (const auto& pair : pairs_) {
    if (pair.source && !pair.landed && pair.source->old) sum.add(pair.source->hash);
  }
  return sum == RowSum{unit_.recorded.rows, unit_.recorded.low, unit_.recorded.high};
}

/// What stands recorded was read from the source. So where the source still has all of it, the output is to blame; and
/// a row that landed intact was in the source once. Only for the rest the age of the source's row has to tell.
Cause RowSearch::cause_of(const Pair& pair, bool explained) const {
  const bool source_as_recorded = same_value(*found_.source, unit_.recorded);
  if (source_as_recorded) return pair.landed ? Cause::corruption : Cause::loss;
  const bool intact = pair.landed && (!is_damaged(pair.landed->part) || explained);
  if (!pair.source) {
    if (intact) return Cause::drift;
    return unit_.settled ? Cause::corruption : Cause::undetermined;
  }
  if (!unit_.settled) return intact ? Cause::drift : Cause::undetermined;
  if (!pair.source->old) return Cause::drift;
  return pair.landed && !intact ? Cause::corruption : Cause::loss;
}

model::RowDifference RowSearch::shown(const Pair& pair, Cause cause) const {
  const auto& columns = unit_.request.columns;
  const auto& row = pair.source ? *pair.source : *pair.landed;
  const auto cell = [&](const Leftover& of, std::size_t i) {
    return of.cells[i] ? model::CellText(shortened(*of.cells[i])) : std::nullopt;
  };
  model::RowDifference out{.change = change_of(pair), .cause = cause};
  for (const auto ordinal : unit_.place.key()) out.key.push_back({columns[ordinal].name, cell(row, ordinal)});
  if (pair.landed) out.part = unit_.parts[pair.landed->part].path;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (out.key.empty()) out.values.push_back({columns[i].name, cell(row, i)});
    if (pair.source && pair.landed && pair.source->cells[i] != pair.landed->cells[i]) {
      out.cells.push_back(
          {.column = columns[i].name, .landed = cell(*pair.landed, i), .source = cell(*pair.source, i)});
    }
  }
  return out;
}

/// Losses first: they are what must not be overlooked.
void RowSearch::conclude() {
  const bool explained = losses_explain();
  std::multimap<Cause, const Pair*> by_cause;
  const auto rank = std::array{Cause::loss, Cause::corruption, Cause::undetermined, Cause::drift};
  for (const auto& pair : pairs_) {
    const auto cause = cause_of(pair, explained);
    by_cause.emplace(cause, &pair);
    found_.causes.insert(cause);
    found_.counts.add(change_of(pair), cause);
  }
  if (!found_.counts.complete) found_.causes.insert(Cause::undetermined);
  for (const auto cause : rank) {
    const auto [begin, end] = by_cause.equal_range(cause);
    for (auto at = begin; at != end; ++at) {
      if (static_cast<std::int64_t>(found_.rows.size()) >= limit_) return;
      found_.rows.push_back(shown(*at->second, cause));
    }
  }
}

}  // namespace

Result<void> find_rows(source::Session& session, const UnitToCompare& unit, const ComparedSums& sums,
                       std::int64_t limit, const std::stop_token& stop, model::UnitReconciliation& found) {
  return RowSearch(session, unit, sums, limit, stop, found).run();
}

}  // namespace rivet::verify
