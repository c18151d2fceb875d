// SPDX-License-Identifier: Apache-2.0
// Column builders for decoders: room is made once a batch, an append is a store, and only a NULL
// touches the validity bitmap. Arrow's own builders cost about three times as much per cell.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "batch/schema.hpp"

namespace rivet::batch {

/// A growing buffer of plain values. Not thread safe.
template <class T>
class ValueBuffer {
 public:
  std::int64_t capacity() const { return capacity_; }
  T* data() { return data_; }

  /// Room for at least `count` values in all; what is there is kept.
  arrow::Status reserve(std::int64_t count) {
    if (count <= capacity_) return arrow::Status::OK();
    const auto bytes = count * static_cast<std::int64_t>(sizeof(T));
    if (buffer_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes, memory_pool()));
    } else {
      ARROW_RETURN_NOT_OK(buffer_->Resize(bytes, false));
    }
    capacity_ = count;
    data_ = reinterpret_cast<T*>(buffer_->mutable_data());
    return arrow::Status::OK();
  }

  /// The first `count` values as a buffer; this one is empty afterwards.
  arrow::Result<std::shared_ptr<arrow::Buffer>> finish(std::int64_t count) {
    ARROW_RETURN_NOT_OK(reserve(std::max<std::int64_t>(count, 1)));
    ARROW_RETURN_NOT_OK(buffer_->Resize(count * static_cast<std::int64_t>(sizeof(T)), false));
    capacity_ = 0;
    data_ = nullptr;
    return std::shared_ptr<arrow::Buffer>(std::move(buffer_));
  }

 private:
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  std::int64_t capacity_ = 0;
  T* data_ = nullptr;
};

/// Which rows are NULL. A column without any gives its bitmap back unused. Not thread safe.
class Validity {
 public:
  /// Follows the column's room for rows; new rows are valid.
  arrow::Status grow(std::int64_t rows) {
    const auto before = bits_.capacity();
    const auto wanted = arrow::bit_util::BytesForBits(rows);
    if (wanted <= before) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(bits_.reserve(wanted));
    std::memset(bits_.data() + before, 0xFF, static_cast<std::size_t>(wanted - before));
    return arrow::Status::OK();
  }
  /// REQUIRES: `row` below the number last given to grow().
  void mark_null(std::int64_t row) {
    ++nulls_;
    arrow::bit_util::ClearBit(bits_.data(), row);
  }
  /// The bitmap of `rows` rows, null when there is no NULL, and the number of NULLs.
  arrow::Result<std::pair<std::shared_ptr<arrow::Buffer>, std::int64_t>> finish(std::int64_t rows) {
    const auto nulls = std::exchange(nulls_, 0);
    if (nulls == 0) return std::pair<std::shared_ptr<arrow::Buffer>, std::int64_t>{nullptr, 0};
    ARROW_ASSIGN_OR_RAISE(auto bits, bits_.finish(arrow::bit_util::BytesForBits(rows)));
    return std::pair{std::move(bits), nulls};
  }

 private:
  ValueBuffer<std::uint8_t> bits_;
  std::int64_t nulls_ = 0;
};

/// Builds a column of fixed-size values. Not thread safe.
template <class T>
class FixedColumn {
 public:
  explicit FixedColumn(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}

  /// Room for `rows` more values.
  arrow::Status reserve(std::int64_t rows) {
    const auto wanted = length_ + rows;
    if (wanted <= values_.capacity()) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(values_.reserve(std::max(wanted, 2 * length_)));
    return validity_.grow(values_.capacity());
  }
  /// REQUIRES: reserved room.
  void append(const T& value) { values_.data()[length_++] = value; }
  void append_null() {
    values_.data()[length_] = T{};
    validity_.mark_null(length_++);
  }
  /// The column so far; starts the next one.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> finish() {
    const auto rows = std::exchange(length_, 0);
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_.finish(rows));
    ARROW_ASSIGN_OR_RAISE(auto values, values_.finish(rows));
    return arrow::ArrayData::Make(type_, rows, {std::move(validity.first), std::move(values)}, validity.second);
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  ValueBuffer<T> values_;
  Validity validity_;
  std::int64_t length_ = 0;
};

/// Builds a column of text or binary values. Not thread safe.
class BytesColumn {
 public:
  explicit BytesColumn(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}

  /// Room for `rows` more values; their bytes make their own room, starting from what the last column needed.
  arrow::Status reserve(std::int64_t rows) {
    const auto wanted = length_ + rows;
    if (wanted < offsets_.capacity()) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(offsets_.reserve(std::max(wanted, 2 * length_) + 1));
    if (length_ == 0) offsets_.data()[0] = 0;
    ARROW_RETURN_NOT_OK(bytes_.reserve(expected_bytes_));
    return validity_.grow(offsets_.capacity());
  }
  /// REQUIRES: reserved room. Fails only for want of memory, or beyond 2 GiB in one column.
  arrow::Status append(const char* bytes, std::int64_t size) {
    if (used_ + size > bytes_.capacity()) ARROW_RETURN_NOT_OK(make_room(size));
    std::memcpy(bytes_.data() + used_, bytes, static_cast<std::size_t>(size));
    used_ += size;
    offsets_.data()[++length_] = static_cast<std::int32_t>(used_);
    return arrow::Status::OK();
  }
  void append_null() {
    validity_.mark_null(length_++);
    offsets_.data()[length_] = static_cast<std::int32_t>(used_);
  }
  /// The column so far; starts the next one.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> finish() {
    const auto rows = std::exchange(length_, 0);
    const auto used = std::exchange(used_, 0);
    expected_bytes_ = used + used / 8;
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_.finish(rows));
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.finish(rows + 1));
    ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.finish(used));
    return arrow::ArrayData::Make(type_, rows, {std::move(validity.first), std::move(offsets), std::move(bytes)},
                                  validity.second);
  }

 private:
  arrow::Status make_room(std::int64_t size) {
    if (used_ + size > std::numeric_limits<std::int32_t>::max()) {
      return arrow::Status::CapacityError("more than 2 GiB in one column of a batch");
    }
    return bytes_.reserve(std::max(used_ + size, 2 * bytes_.capacity()));
  }

  std::shared_ptr<arrow::DataType> type_;
  ValueBuffer<std::int32_t> offsets_;
  ValueBuffer<char> bytes_;
  Validity validity_;
  std::int64_t length_ = 0, used_ = 0, expected_bytes_ = 4096;
};

}  // namespace rivet::batch
