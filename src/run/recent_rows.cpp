// SPDX-License-Identifier: Apache-2.0
// A sorted list of identities, and a mask over each batch.
#include "run/recent_rows.hpp"

#include <algorithm>
#include <cstring>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>

#include "inspect/remembered.hpp"

namespace rivet::run {
namespace {

constexpr std::size_t kIdBytes = sizeof(batch::RowId);

/// The batch without the rows whose mark is false.
Result<batch::Batch> keep_marked(const batch::Batch& rows, const std::vector<bool>& marks) {
  arrow::BooleanBuilder builder;
  auto built = builder.AppendValues(marks);
  std::shared_ptr<arrow::Array> mask;
  if (built.ok()) built = builder.Finish(&mask);
  if (!built.ok()) return fail(ErrorKind::internal, built.ToString());
  const auto kept = arrow::compute::Filter(arrow::Datum(rows), arrow::Datum(mask));
  if (!kept.ok()) return fail(ErrorKind::internal, kept.status().ToString());
  return kept->record_batch();
}

bool is_null_unit(const model::Unit& unit) {
  return !unit.predicate.terms.empty() && std::holds_alternative<model::NullKey>(unit.predicate.terms.front());
}

Result<KnownRows> load_known(state::StateStore& store, const std::string& export_name,
                             const batch::RowIdentity& identity) {
  const auto remembered = TRY(inspect::load_remembered(store, export_name, identity));
  std::vector<std::string_view> digests;
  for (const auto& group : remembered.groups) {
    if (!remembered.strangers.contains(group.run_id)) digests.push_back(group.digests);
  }
  return KnownRows::from(digests);
}

}  // namespace

Result<KnownRows> KnownRows::from(const std::vector<std::string_view>& remembered) {
  std::vector<batch::RowId> ids;
  for (const auto bytes : remembered) {
    if (bytes.size() % kIdBytes != 0) return fail(ErrorKind::data, "remembered rows of an odd length");
    const auto at = ids.size();
    ids.resize(at + bytes.size() / kIdBytes);
    if (!bytes.empty()) std::memcpy(ids.data() + at, bytes.data(), bytes.size());
  }
  std::sort(ids.begin(), ids.end());
  KnownRows known;
  for (const auto& id : ids) {
    if (known.rows_.empty() || known.rows_.back().first != id) known.rows_.emplace_back(id, 0);
    ++known.rows_.back().second;
  }
  return known;
}

std::int64_t KnownRows::count(const batch::RowId& row) const {
  const auto found = std::lower_bound(rows_.begin(), rows_.end(), row,
                                      [](const auto& known, const batch::RowId& id) { return known.first < id; });
  return found != rows_.end() && found->first == row ? found->second : 0;
}

bool RowMemory::is_known(const batch::RowId& row) {
  const auto known = options_.known == nullptr ? 0 : options_.known->count(row);
  if (known == 0 || options_.unique) return known > 0;
  return left_out_[row]++ < known;
}

Result<batch::Batch> RowMemory::admit(const batch::Batch& rows) {
  if (options_.known == nullptr && !options_.remember) return rows;
  const auto ids = options_.identity.of(*rows);
  std::vector<bool> marks(ids.size(), true);
  std::int64_t admitted = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    marks[i] = !is_known(ids[i]);
    admitted += marks[i] ? 1 : 0;
    if (marks[i] && options_.remember) remembered_.append(reinterpret_cast<const char*>(ids[i].data()), kIdBytes);
  }
  return admitted == rows->num_rows() ? Result<batch::Batch>(rows) : keep_marked(rows, marks);
}

RecentRows::RecentRows(const model::Incremental& incremental, batch::RowIdentity identity, KnownRows known)
    : incremental_(incremental), identity_(std::move(identity)), known_(std::move(known)) {}

Result<RecentRows> RecentRows::load(state::StateStore& store, const model::Plan& plan) {
  const auto& incremental = *plan.incremental;
  auto identity = TRY(batch::RowIdentity::make(plan.source_columns, incremental.identity));
  KnownRows known;
  if (incremental.again_units > 0 && inspect::leaves_out_known(incremental)) {
    known = TRY(load_known(store, plan.export_name, identity).context("reading which rows were exported before"));
  }
  return RecentRows(incremental, std::move(identity), std::move(known));
}

RowMemory RecentRows::memory_of(const model::Unit& unit) const {
  const bool again = unit.index < incremental_.again_units;
  const bool remembers = again || is_null_unit(unit) || unit.index >= incremental_.remember_from;
  return RowMemory({.identity = identity_,
                    .known = again && inspect::leaves_out_known(incremental_) ? &known_ : nullptr,
                    .unique = incremental_.by_key,
                    .remember = remembers && incremental_.lookback > 0});
}

std::optional<state::RecentKeys> RecentRows::to_store(const model::Unit& unit, const RowMemory& memory) const {
  if (memory.remembered().empty()) return std::nullopt;
  state::RecentKeys recent{.after = {}, .of_null = is_null_unit(unit), .digests = memory.remembered()};
  if (incremental_.remember_after) recent.after = model::to_json_text(*incremental_.remember_after);
  return recent;
}

}  // namespace rivet::run
