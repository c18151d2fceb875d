// SPDX-License-Identifier: Apache-2.0
// Linear counting over the hashes of a column's values.
#include "format/parquet/dictionary_choice.hpp"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string_view>

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "base/hash.hpp"

namespace rivet::format::parquet {
namespace {

/// Counts distinct values up to a few hundred thousand within a few per cent.
class DistinctCounter {
 public:
  void add(std::string_view value) { seen_->set(base::xxh3_64(value) % kSlots); }

  double estimate() const {
    const auto empty = std::max<std::size_t>(kSlots - seen_->count(), 1);
    return -static_cast<double>(kSlots) * std::log(static_cast<double>(empty) / kSlots);
  }

 private:
  static constexpr std::size_t kSlots = 1 << 18;
  std::unique_ptr<std::bitset<kSlots>> seen_ = std::make_unique<std::bitset<kSlots>>();
};

void count_fixed(const arrow::Array& array, int width, DistinctCounter& counter) {
  const auto* values = reinterpret_cast<const char*>(array.data()->buffers[1]->data()) + array.offset() * width;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.IsValid(i)) counter.add({values + i * width, static_cast<std::size_t>(width)});
  }
}

void count_binary(const arrow::BinaryArray& array, DistinctCounter& counter) {
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.IsValid(i)) counter.add(array.GetView(i));
  }
}

bool repeats(const arrow::ChunkedArray& column) {
  const auto& type = *column.type();
  const bool is_binary = arrow::is_binary_like(type.id());
  const int width = type.byte_width();
  if (!is_binary && width <= 0) return true;
  DistinctCounter counter;
  for (const auto& chunk : column.chunks()) {
    if (chunk->length() == 0) continue;
    if (is_binary) {
      count_binary(static_cast<const arrow::BinaryArray&>(*chunk), counter);
    } else {
      count_fixed(*chunk, width, counter);
    }
  }
  constexpr double kRowsPerValue = 5;
  const auto values = static_cast<double>(column.length() - column.null_count());
  return counter.estimate() * kRowsPerValue <= values;
}

}  // namespace

std::vector<bool> repeating_columns(const arrow::ChunkedArrayVector& columns) {
  std::vector<bool> answer;
  for (const auto& column : columns) answer.push_back(repeats(*column));
  return answer;
}

}  // namespace rivet::format::parquet
