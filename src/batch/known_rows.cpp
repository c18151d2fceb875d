// SPDX-License-Identifier: Apache-2.0
// A sorted list of identities, and a mask over each batch.
#include "batch/known_rows.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>

namespace rivet::batch {
namespace {

constexpr std::size_t kIdBytes = sizeof(RowId);

/// The batch without the rows whose mark is false.
Result<Batch> keep_marked(const Batch& rows, const std::vector<bool>& marks) {
  arrow::BooleanBuilder builder;
  auto built = builder.AppendValues(marks);
  std::shared_ptr<arrow::Array> mask;
  if (built.ok()) built = builder.Finish(&mask);
  if (!built.ok()) return fail(ErrorKind::internal, built.ToString());
  const auto kept = arrow::compute::Filter(arrow::Datum(rows), arrow::Datum(mask));
  if (!kept.ok()) return fail(ErrorKind::internal, kept.status().ToString());
  return kept->record_batch();
}

}  // namespace

Result<KnownRows> KnownRows::from(const std::vector<Remembered>& remembered) {
  KnownRows known;
  auto& rows = known.rows_;
  for (const auto& [bytes, owner] : remembered) {
    if (bytes.size() % kIdBytes != 0) return fail(ErrorKind::data, "remembered rows of an odd length");
    for (std::size_t at = 0; at < bytes.size(); at += kIdBytes) {
      auto& row = rows.emplace_back(Row{.id = {}, .owner = owner, .count = 1});
      std::memcpy(row.id.data(), bytes.data() + at, kIdBytes);
    }
  }
  const auto place = [](const Row& row) { return std::tie(row.id, row.owner); };
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return place(a) < place(b); });
  std::size_t distinct = 0;
  for (const auto& row : rows) {
    if (distinct > 0 && place(rows[distinct - 1]) == place(row)) {
      rows[distinct - 1].count += row.count;
    } else {
      rows[distinct++] = row;
    }
  }
  rows.resize(distinct);
  return known;
}

KnownRows::Share KnownRows::share(const RowId& row, std::optional<int> owner) const {
  Share share;
  auto at = std::lower_bound(rows_.begin(), rows_.end(), row,
                             [](const Row& known, const RowId& id) { return known.id < id; });
  for (; at != rows_.end() && at->id == row; ++at) {
    share.all += at->count;
    if (owner && at->owner < *owner) share.before += at->count;
    if (owner && at->owner == *owner) share.own = at->count;
  }
  return share;
}

bool RowMemory::is_admitted(const RowId& row) {
  if (options_.known == nullptr) return true;
  const auto share = options_.known->share(row, options_.owner);
  const auto nth = share.all == 0 || options_.unique ? 1 : ++seen_[row];
  if (nth <= share.all) return nth > share.before && nth <= share.before + share.own;
  newcomers_ += options_.takes_new ? 1 : 0;
  return options_.takes_new;
}

Result<Batch> RowMemory::admit(const Batch& rows) {
  if (options_.known == nullptr && !options_.remember) return rows;
  const auto ids = options_.identity.of(*rows);
  std::vector<bool> marks(ids.size(), true);
  std::int64_t admitted = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    marks[i] = is_admitted(ids[i]);
    admitted += marks[i] ? 1 : 0;
    if (marks[i] && options_.remember) remembered_.append(reinterpret_cast<const char*>(ids[i].data()), kIdBytes);
  }
  return admitted == rows->num_rows() ? Result<Batch>(rows) : keep_marked(rows, marks);
}

}  // namespace rivet::batch
