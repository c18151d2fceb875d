// SPDX-License-Identifier: Apache-2.0
// Stretches are of equal width; their arithmetic is unsigned, so that a span over all integers does not overflow.
#include "verify/row_place.hpp"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "batch/cell_text.hpp"

namespace rivet::verify {
namespace {

using Kind = model::LogicalKind;

std::int64_t integer_at(const arrow::Array& cells, std::int64_t row, Kind kind) {
  switch (kind) {
    case Kind::int16: return static_cast<const arrow::Int16Array&>(cells).Value(row);
    case Kind::int32: return static_cast<const arrow::Int32Array&>(cells).Value(row);
    case Kind::date: return static_cast<const arrow::Date32Array&>(cells).Value(row);
    default: return static_cast<const arrow::Int64Array&>(cells).Value(row);
  }
}

std::string key_text(std::int64_t key, Kind kind) {
  if (kind != Kind::date) return std::to_string(key);
  std::string text;
  batch::append_date(key, text);
  return text;
}

std::vector<std::size_t> ordinals_of(const model::Columns& columns, const std::vector<std::string>& key) {
  std::vector<std::size_t> out;
  for (const auto& name : key) {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; });
    if (found == columns.end()) return {};
    out.push_back(static_cast<std::size_t>(found - columns.begin()));
  }
  return out;
}

std::uint64_t mixed(std::uint64_t so_far, std::uint64_t next) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
  const auto product = static_cast<unsigned __int128>(so_far ^ next) * kOdd;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

bool RowPlace::can_span(const model::LogicalType& type) {
  return type.kind == Kind::int16 || type.kind == Kind::int32 || type.kind == Kind::int64 || type.kind == Kind::date;
}

RowPlace::RowPlace(const model::Columns& columns, const std::vector<std::string>& key, std::optional<KeySpan> span)
    : key_(ordinals_of(columns, key)) {
  if (!span || key_.size() != 1 || !can_span(columns[key_.front()].type) || span->last < span->first) return;
  span_ = span;
  column_ = columns[key_.front()];
  width_ = (static_cast<std::uint64_t>(span->last) - static_cast<std::uint64_t>(span->first)) / kBuckets + 1;
}

std::size_t RowPlace::bucket_of(const arrow::RecordBatch& rows, std::int64_t row, std::span<const std::uint64_t> cells,
                                const batch::RowHash& hash) const {
  if (!span_) return key_of(cells, hash) % kBuckets;
  const auto& column = *rows.column(static_cast<int>(key_.front()));
  if (column.IsNull(row)) return 0;
  const auto key = std::clamp(integer_at(column, row, column_.type.kind), span_->first, span_->last);
  return (static_cast<std::uint64_t>(key) - static_cast<std::uint64_t>(span_->first)) / width_;
}

std::uint64_t RowPlace::key_of(std::span<const std::uint64_t> cells, const batch::RowHash& hash) const {
  if (key_.empty()) return hash.low;
  std::uint64_t mix = 0;
  for (const auto ordinal : key_) mix = mixed(mix, cells[ordinal]);
  return mix;
}

model::KeyRange RowPlace::keys_of(std::size_t first, std::size_t last) const {
  const auto begin_of = [&](std::size_t bucket) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(span_->first) + bucket * width_);
  };
  const auto kind = column_.type.kind;
  model::KeyRange range{.columns = {column_.name}, .lower = {}, .upper = {}};
  if (first > 0) range.lower = model::Bound{.values = {key_text(begin_of(first), kind)}, .inclusive = true};
  const auto last_used = (static_cast<std::uint64_t>(span_->last) - static_cast<std::uint64_t>(span_->first)) / width_;
  if (last < last_used) range.upper = model::Bound{.values = {key_text(begin_of(last + 1), kind)}, .inclusive = false};
  return range;
}

}  // namespace rivet::verify
