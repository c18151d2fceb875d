// SPDX-License-Identifier: Apache-2.0
// Canonical bytes of every cell, hashed block by block so that the hashes stay in the cache.
#include "batch/digest.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include <arrow/array.h>
#include <arrow/record_batch.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;

constexpr std::int64_t kBlockRows = 256;

/// What the hash of a cell depends on besides its bytes.
struct ColumnSeed {
  std::uint64_t seed;
  std::uint64_t null_hash;
};

ColumnSeed seed_of(std::size_t ordinal) {
  const std::uint64_t seed = ordinal + 1;
  return {seed, XXH3_64bits_withSeed(nullptr, 0, (1ULL << 63) + seed)};
}

/// Rows [begin, begin + count) of one column into every stride-th slot of `out`.
struct Block {
  std::int64_t begin, count;
  std::uint64_t* out;
  std::size_t stride;
  ColumnSeed seed;
};

template <class HashOf>
void hash_cells(const arrow::Array& cells, const Block& block, HashOf&& hash_of) {
  const bool may_be_null = cells.null_count() > 0;
  for (std::int64_t i = 0; i < block.count; ++i) {
    const auto row = block.begin + i;
    block.out[static_cast<std::size_t>(i) * block.stride] =
        may_be_null && cells.IsNull(row) ? block.seed.null_hash : hash_of(row);
  }
}

template <class Float, class Bits>
Bits float_bits(Float value) {
  return std::bit_cast<Bits>(value != value ? std::numeric_limits<Float>::quiet_NaN() : value);
}

/// The fixed-size canonical value of a cell: one byte, IEEE bits or a widened integer.
template <class Array>
auto fixed_value(const Array& cells, std::int64_t row) {
  if constexpr (std::is_same_v<Array, arrow::BooleanArray>) {
    return static_cast<std::uint8_t>(cells.Value(row));
  } else if constexpr (std::is_same_v<Array, arrow::FloatArray>) {
    return float_bits<float, std::uint32_t>(cells.Value(row));
  } else if constexpr (std::is_same_v<Array, arrow::DoubleArray>) {
    return float_bits<double, std::uint64_t>(cells.Value(row));
  } else {
    return static_cast<std::int64_t>(cells.Value(row));
  }
}

template <class Array>
void hash_fixed(const arrow::Array& any, const Block& block) {
  const auto& cells = static_cast<const Array&>(any);
  hash_cells(cells, block, [&](std::int64_t row) {
    const auto value = fixed_value(cells, row);
    return XXH3_64bits_withSeed(&value, sizeof value, block.seed.seed);
  });
}

template <std::size_t Width>
void hash_fixed_bytes(const arrow::Array& any, const Block& block) {
  const auto& cells = static_cast<const arrow::FixedSizeBinaryArray&>(any);
  hash_cells(cells, block,
             [&](std::int64_t row) { return XXH3_64bits_withSeed(cells.GetValue(row), Width, block.seed.seed); });
}

void hash_binary(const arrow::Array& any, const Block& block) {
  const auto& cells = static_cast<const arrow::BinaryArray&>(any);
  hash_cells(cells, block, [&](std::int64_t row) {
    const auto value = cells.GetView(row);
    return XXH3_64bits_withSeed(value.data(), value.size(), block.seed.seed);
  });
}

void append_bytes(std::string& out, const void* bytes, std::size_t size) {
  out.append(static_cast<const char*>(bytes), size);
}

template <class Array>
void append_fixed(const arrow::Array& any, std::int64_t row, std::string& out) {
  const auto value = fixed_value(static_cast<const Array&>(any), row);
  append_bytes(out, &value, sizeof value);
}

template <std::size_t Width>
void append_fixed_bytes(const arrow::Array& any, std::int64_t row, std::string& out) {
  append_bytes(out, static_cast<const arrow::FixedSizeBinaryArray&>(any).GetValue(row), Width);
}

void append_binary(const arrow::Array& any, std::int64_t row, std::string& out) {
  const auto value = static_cast<const arrow::BinaryArray&>(any).GetView(row);
  append_bytes(out, value.data(), value.size());
}

using HashBlock = void (*)(const arrow::Array&, const Block&);
using AppendCell = void (*)(const arrow::Array&, std::int64_t, std::string&);

struct CellCodec {
  HashBlock hash;
  AppendCell append;
};

CellCodec codec_of(const model::LogicalType& type) {
  switch (type.kind) {
    case Kind::boolean: return {hash_fixed<arrow::BooleanArray>, append_fixed<arrow::BooleanArray>};
    case Kind::int16: return {hash_fixed<arrow::Int16Array>, append_fixed<arrow::Int16Array>};
    case Kind::int32: return {hash_fixed<arrow::Int32Array>, append_fixed<arrow::Int32Array>};
    case Kind::int64: return {hash_fixed<arrow::Int64Array>, append_fixed<arrow::Int64Array>};
    case Kind::uint64: return {hash_fixed<arrow::UInt64Array>, append_fixed<arrow::UInt64Array>};
    case Kind::float32: return {hash_fixed<arrow::FloatArray>, append_fixed<arrow::FloatArray>};
    case Kind::float64: return {hash_fixed<arrow::DoubleArray>, append_fixed<arrow::DoubleArray>};
    case Kind::date: return {hash_fixed<arrow::Date32Array>, append_fixed<arrow::Date32Array>};
    case Kind::time: return {hash_fixed<arrow::Time64Array>, append_fixed<arrow::Time64Array>};
    case Kind::timestamp:
    case Kind::timestamp_tz: return {hash_fixed<arrow::TimestampArray>, append_fixed<arrow::TimestampArray>};
    case Kind::decimal:
      if (type.precision <= 38) return {hash_fixed_bytes<16>, append_fixed_bytes<16>};
      return {hash_fixed_bytes<32>, append_fixed_bytes<32>};
    case Kind::uuid: return {hash_fixed_bytes<16>, append_fixed_bytes<16>};
    default: return {hash_binary, append_binary};
  }
}

/// Element count, then per element a tag byte, a 64-bit length and the element's bytes.
void append_list(const arrow::ListArray& lists, std::int64_t row, AppendCell append_element, std::string& out) {
  const std::int64_t count = lists.value_length(row);
  append_bytes(out, &count, sizeof count);
  const auto& elements = *lists.values();
  for (auto i = lists.value_offset(row); i < lists.value_offset(row) + count; ++i) {
    const bool present = elements.IsValid(i);
    out.push_back(present ? 1 : 0);
    const auto length_at = out.size();
    out.append(sizeof(std::uint64_t), '\0');
    if (present) append_element(elements, i, out);
    const std::uint64_t length = out.size() - length_at - sizeof(std::uint64_t);
    std::memcpy(out.data() + length_at, &length, sizeof length);
  }
}

void hash_lists(const arrow::Array& any, const Block& block, AppendCell append_element) {
  const auto& lists = static_cast<const arrow::ListArray&>(any);
  std::string bytes;
  hash_cells(lists, block, [&](std::int64_t row) {
    bytes.clear();
    append_list(lists, row, append_element, bytes);
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), block.seed.seed);
  });
}

/// Hashes the cells of one column, lists included.
class ColumnHasher {
 public:
  ColumnHasher(const model::LogicalType& type, std::size_t ordinal)
      : seed_(seed_of(ordinal)), is_list_(type.kind == Kind::list), codec_(codec_of(is_list_ ? *type.element : type)) {}

  void hash(const arrow::Array& cells, std::int64_t begin, std::int64_t count, std::uint64_t* out,
            std::size_t stride) const {
    const Block block{begin, count, out, stride, seed_};
    if (is_list_) {
      hash_lists(cells, block, codec_.append);
    } else {
      codec_.hash(cells, block);
    }
  }

 private:
  ColumnSeed seed_;
  bool is_list_;
  CellCodec codec_;
};

struct SourceColumn {
  int index;  // in the batch
  ColumnHasher hasher;
};

/// The first of the kinds whose canonical bytes are made alike.
Kind canonical_kind(Kind kind) {
  switch (kind) {
    case Kind::int16:
    case Kind::int32: return Kind::int64;
    case Kind::json:
    case Kind::interval:
    case Kind::enumeration: return Kind::text;
    default: return kind;
  }
}

}  // namespace

std::vector<std::uint64_t> cell_hashes(const arrow::Array& cells, const model::LogicalType& type) {
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(cells.length()));
  ColumnHasher(type, 0).hash(cells, 0, cells.length(), hashes.data(), 1);
  return hashes;
}

bool same_cells(const model::LogicalType& a, const model::LogicalType& b) {
  if (a.kind == Kind::list || b.kind == Kind::list) return a == b;
  if (canonical_kind(a.kind) != canonical_kind(b.kind)) return false;
  return a.unit == b.unit && a.scale == b.scale && (a.precision <= 38) == (b.precision <= 38);
}

struct Digester::State {
  std::vector<SourceColumn> columns;
  std::vector<std::uint64_t> hashes;  // kBlockRows rows of one hash per column
  model::Digest total;

  template <class Observe>
  void add_all(const arrow::RecordBatch& rows, Observe&& observe) {
    for (std::int64_t begin = 0; begin < rows.num_rows(); begin += kBlockRows) {
      add_block(rows, begin, std::min(kBlockRows, rows.num_rows() - begin), observe);
    }
  }

  template <class Observe>
  void add_block(const arrow::RecordBatch& rows, std::int64_t begin, std::int64_t count, Observe& observe) {
    for (std::size_t ordinal = 0; ordinal < columns.size(); ++ordinal) {
      const auto& column = columns[ordinal];
      column.hasher.hash(*rows.column(column.index), begin, count, hashes.data() + ordinal, columns.size());
    }
    const auto width = columns.size();
    for (std::int64_t row = 0; row < count; ++row) {
      const auto* cell_hashes = hashes.data() + static_cast<std::size_t>(row) * width;
      for (std::size_t i = 0; i < width; ++i) total.columns[i] += cell_hashes[i];
      const auto row_hash = XXH3_128bits(cell_hashes, width * sizeof(std::uint64_t));
      total.low += row_hash.low64;
      total.high += row_hash.high64;
      observe(begin + row, cell_hashes, row_hash);
    }
    total.rows += static_cast<std::uint64_t>(count);
  }
};

Digester::Digester(const model::Columns& columns) : state_(std::make_unique<State>()) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].added) continue;
    state_->columns.push_back({static_cast<int>(i), ColumnHasher(columns[i].type, state_->columns.size())});
  }
  state_->hashes.resize(static_cast<std::size_t>(kBlockRows) * state_->columns.size());
  state_->total.columns.resize(state_->columns.size());
}

Digester::~Digester() = default;
Digester::Digester(Digester&&) noexcept = default;

void Digester::add(const arrow::RecordBatch& rows) {
  state_->add_all(rows, [](std::int64_t, const std::uint64_t*, const XXH128_hash_t&) {});
}

void Digester::add(const arrow::RecordBatch& rows, const RowObserver& observe) {
  const auto width = state_->columns.size();
  state_->add_all(rows, [&](std::int64_t row, const std::uint64_t* cells, const XXH128_hash_t& hash) {
    observe(row, std::span(cells, width), RowHash{hash.low64, hash.high64});
  });
}

model::Digest Digester::take() {
  auto digest = state_->total;
  state_->total = model::Digest{.columns = std::vector<std::uint64_t>(state_->columns.size())};
  return digest;
}

}  // namespace rivet::batch
