// SPDX-License-Identifier: Apache-2.0
// One small class per wire format; each refuses what its Arrow type cannot hold exactly.
#include "source/postgres/cell_decoder.hpp"

#include <cmath>
#include <limits>
#include <type_traits>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include "batch/schema.hpp"
#include "source/postgres/numeric.hpp"
#include "source/postgres/wire.hpp"

namespace rivet::source::postgres {
namespace {

using Kind = model::LogicalKind;

constexpr std::int64_t kEpochDays = 10'957;                       // 2000-01-01 in days since 1970
constexpr std::int64_t kEpochMicros = kEpochDays * 86'400'000'000;
constexpr std::int64_t kDayMicros = 86'400'000'000;
constexpr std::int64_t kInfinity64 = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMinusInfinity64 = std::numeric_limits<std::int64_t>::min();

/// What every decoder with a fixed-size Arrow builder shares. `Builder` must have UnsafeAppend.
template <class Builder>
class FixedDecoder : public CellDecoder {
 public:
  explicit FixedDecoder(const model::LogicalType& type) : builder_(batch::storage_type(type), batch::memory_pool()) {}
  arrow::Status reserve(std::int64_t rows) final { return builder_.Reserve(rows); }
  void append_null() final { builder_.UnsafeAppendNull(); }
  arrow::Result<std::shared_ptr<arrow::Array>> finish() final { return builder_.Finish(); }

 protected:
  bool wrong_size(std::int32_t size) { return refuse(fmt::format("{} bytes on the wire", size)); }
  Builder builder_;
};

class BooleanDecoder final : public FixedDecoder<arrow::BooleanBuilder> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 1) return wrong_size(size);
    builder_.UnsafeAppend(*bytes != 0);
    return true;
  }
};

template <class Wired>
Wired read_integer(const char* bytes) {
  if constexpr (std::is_same_v<Wired, std::int16_t>) return wire::read_i16(bytes);
  if constexpr (std::is_same_v<Wired, std::int32_t>) return wire::read_i32(bytes);
  if constexpr (std::is_same_v<Wired, std::uint32_t>) return wire::read_u32(bytes);
  if constexpr (std::is_same_v<Wired, std::int64_t>) return wire::read_i64(bytes);
}

template <class Wired, class Builder>
class IntegerDecoder final : public FixedDecoder<Builder> {
 public:
  using FixedDecoder<Builder>::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    using Value = typename Builder::value_type;
    if (size != sizeof(Wired)) return this->wrong_size(size);
    const std::int64_t value = read_integer<Wired>(bytes);
    if (value < std::numeric_limits<Value>::min() || value > std::numeric_limits<Value>::max()) {
      return this->refuse(fmt::format("{} is outside the range of the column", value));
    }
    this->builder_.UnsafeAppend(static_cast<Value>(value));
    return true;
  }
};

template <class Wired, class Decimal, class Builder>
class IntegerToDecimalDecoder final : public FixedDecoder<Builder> {
 public:
  explicit IntegerToDecimalDecoder(const model::LogicalType& type) : FixedDecoder<Builder>(type), type_(type) {}
  bool append(const char* bytes, std::int32_t size) override {
    if (size != sizeof(Wired)) return this->wrong_size(size);
    const std::int64_t value = read_integer<Wired>(bytes);
    const auto scaled = Decimal(value).Rescale(0, type_.scale);
    if (!scaled.ok() || !scaled->FitsInPrecision(type_.precision)) {
      return this->refuse(fmt::format("{} does not fit {}", value, model::to_string(type_)));
    }
    this->builder_.UnsafeAppend(*scaled);
    return true;
  }

 private:
  model::LogicalType type_;
};

class Float4Decoder final : public FixedDecoder<arrow::FloatBuilder> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 4) return wrong_size(size);
    builder_.UnsafeAppend(wire::read_f32(bytes));
    return true;
  }
};

class Float8Decoder final : public FixedDecoder<arrow::DoubleBuilder> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 8 && size != 4) return wrong_size(size);
    builder_.UnsafeAppend(size == 8 ? wire::read_f64(bytes) : static_cast<double>(wire::read_f32(bytes)));
    return true;
  }
};

class Float8ToFloat4Decoder final : public FixedDecoder<arrow::FloatBuilder> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 8) return wrong_size(size);
    const double value = wire::read_f64(bytes);
    const auto narrow = static_cast<float>(value);
    if (!std::isnan(value) && static_cast<double>(narrow) != value) {
      return refuse(fmt::format("{} is not exact in 32 bits", value));
    }
    builder_.UnsafeAppend(narrow);
    return true;
  }
};

template <class Builder, class Decimal, std::optional<Decimal> (*Convert)(const NumericCell&, int, int)>
class NumericDecoder final : public FixedDecoder<Builder> {
 public:
  explicit NumericDecoder(const model::LogicalType& type) : FixedDecoder<Builder>(type), type_(type) {}
  bool append(const char* bytes, std::int32_t size) override {
    const auto cell = NumericCell::parse(bytes, size);
    if (!cell) return this->wrong_size(size);
    if (!cell->is_finite()) return this->refuse(fmt::format("{} has no decimal form", cell->to_string()));
    const auto value = Convert(*cell, type_.precision, type_.scale);
    if (!value) {
      return this->refuse(fmt::format("{} does not fit {} exactly", cell->to_string(), model::to_string(type_)));
    }
    this->builder_.UnsafeAppend(*value);
    return true;
  }

 private:
  model::LogicalType type_;
};

template <class Builder>
class NumericToIntegerDecoder final : public FixedDecoder<Builder> {
 public:
  using FixedDecoder<Builder>::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    using Value = typename Builder::value_type;
    const auto cell = NumericCell::parse(bytes, size);
    if (!cell) return this->wrong_size(size);
    const auto value = cell->is_finite() ? to_decimal128(*cell, 19, 0) : std::nullopt;
    std::int64_t integer = 0;
    const bool fits = value && value->ToInteger(&integer).ok() && integer >= std::numeric_limits<Value>::min() &&
                      integer <= std::numeric_limits<Value>::max();
    if (!fits) return this->refuse(fmt::format("{} is not an integer of this size", cell->to_string()));
    this->builder_.UnsafeAppend(static_cast<Value>(integer));
    return true;
  }
};

class DateDecoder final : public FixedDecoder<arrow::Date32Builder> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 4) return wrong_size(size);
    const std::int32_t days = wire::read_i32(bytes);
    if (days == std::numeric_limits<std::int32_t>::max()) return refuse("infinity");
    if (days == std::numeric_limits<std::int32_t>::min()) return refuse("-infinity");
    builder_.UnsafeAppend(static_cast<std::int32_t>(days + kEpochDays));
    return true;
  }
};

class TimeDecoder final : public FixedDecoder<arrow::Time64Builder> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 8) return wrong_size(size);
    const auto micros = wire::read_i64(bytes);
    if (micros < 0 || micros >= kDayMicros) return refuse("24:00:00 is not a time of day");
    builder_.UnsafeAppend(micros);
    return true;
  }
};

class TimestampDecoder final : public FixedDecoder<arrow::TimestampBuilder> {
 public:
  explicit TimestampDecoder(const model::LogicalType& type)
      : FixedDecoder(type), factor_(type.unit == model::TimeUnit::micro ? 1 : 1000) {}
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 8) return wrong_size(size);
    const auto micros = wire::read_i64(bytes);
    if (micros == kInfinity64) return refuse("infinity");
    if (micros == kMinusInfinity64) return refuse("-infinity");
    std::int64_t value = 0;
    if (__builtin_add_overflow(micros, kEpochMicros, &value) || __builtin_mul_overflow(value, factor_, &value)) {
      return refuse(fmt::format("{} microseconds after 2000-01-01 are outside the range of the column", micros));
    }
    builder_.UnsafeAppend(value);
    return true;
  }

 private:
  std::int64_t factor_;
};

class UuidDecoder final : public FixedDecoder<arrow::FixedSizeBinaryBuilder> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 16) return wrong_size(size);
    builder_.UnsafeAppend(reinterpret_cast<const std::uint8_t*>(bytes));
    return true;
  }
};

/// Text and binary. `skip` leading bytes belong to the wire format (jsonb's version).
template <class Builder>
class BytesDecoder final : public CellDecoder {
 public:
  BytesDecoder(int skip, bool validate_utf8) : builder_(batch::memory_pool()), skip_(skip), validate_(validate_utf8) {
    if (validate_) arrow::util::InitializeUTF8();
  }
  arrow::Status reserve(std::int64_t rows) override { return builder_.Reserve(rows); }
  void append_null() override { builder_.UnsafeAppendNull(); }
  arrow::Result<std::shared_ptr<arrow::Array>> finish() override { return builder_.Finish(); }
  bool append(const char* bytes, std::int32_t size) override {
    if (size < skip_) return refuse("no version byte");
    const auto* text = reinterpret_cast<const std::uint8_t*>(bytes) + skip_;
    const auto length = size - skip_;
    if (validate_ && !arrow::util::ValidateUTF8(text, length)) return refuse("not valid UTF-8");
    if (!builder_.Append(text, length).ok()) return refuse("out of memory");
    return true;
  }

 private:
  Builder builder_;
  int skip_;
  bool validate_;
};

/// One-dimensional arrays (array_send: dimensions, has-null flag, element type, then length and lower
/// bound of each dimension, then the elements).
class ListDecoder final : public CellDecoder {
 public:
  ListDecoder(std::unique_ptr<CellDecoder> element, const model::LogicalType& type)
      : element_(std::move(element)), type_(batch::storage_type(type)), offsets_(batch::memory_pool()),
        valid_(batch::memory_pool()) {}

  arrow::Status reserve(std::int64_t rows) override {
    ARROW_RETURN_NOT_OK(offsets_.Reserve(rows + 1));
    if (offsets_.length() == 0) offsets_.UnsafeAppend(0);
    return valid_.Reserve(rows);
  }
  void append_null() override { close_list(false); }
  bool append(const char* bytes, std::int32_t size) override;
  arrow::Result<std::shared_ptr<arrow::Array>> finish() override;

 private:
  bool append_elements(const char* bytes, const char* end, std::int32_t count);
  void close_list(bool valid) {
    offsets_.UnsafeAppend(static_cast<std::int32_t>(elements_));
    valid_.UnsafeAppend(valid);
    if (!valid) ++nulls_;
  }

  std::unique_ptr<CellDecoder> element_;
  std::shared_ptr<arrow::DataType> type_;
  arrow::TypedBufferBuilder<std::int32_t> offsets_;
  arrow::TypedBufferBuilder<bool> valid_;
  std::int64_t elements_ = 0;
  std::int64_t nulls_ = 0;
};

bool ListDecoder::append(const char* bytes, std::int32_t size) {
  if (size < 12) return refuse("no array header");
  const auto dimensions = wire::read_i32(bytes);
  if (dimensions == 0) {
    close_list(true);
    return true;
  }
  if (dimensions != 1) return refuse(fmt::format("an array of {} dimensions", dimensions));
  if (size < 20) return refuse("no array header");
  if (const auto lower = wire::read_i32(bytes + 16); lower != 1) {
    return refuse(fmt::format("an array that starts at index {}", lower));
  }
  const auto count = wire::read_i32(bytes + 12);
  if (count < 0 || !element_->reserve(count).ok()) return refuse("an array of impossible size");
  if (!append_elements(bytes + 20, bytes + size, count)) return false;
  close_list(true);
  return true;
}

bool ListDecoder::append_elements(const char* at, const char* end, std::int32_t count) {
  for (std::int32_t i = 0; i < count; ++i) {
    if (end - at < 4) return refuse("a truncated array");
    const auto size = wire::read_i32(at);
    at += 4;
    if (size == -1) {
      element_->append_null();
    } else {
      if (size < 0 || end - at < size) return refuse("a truncated array");
      if (!element_->append(at, size)) return refuse("element " + std::to_string(i + 1) + ": " + element_->problem());
      at += size;
    }
    ++elements_;
  }
  return true;
}

arrow::Result<std::shared_ptr<arrow::Array>> ListDecoder::finish() {
  ARROW_ASSIGN_OR_RAISE(auto elements, element_->finish());
  const auto length = valid_.length();
  ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish());
  ARROW_ASSIGN_OR_RAISE(auto valid, valid_.Finish());
  const auto nulls = std::exchange(nulls_, 0);
  elements_ = 0;
  return std::make_shared<arrow::ListArray>(type_, length, std::move(offsets), std::move(elements),
                                            nulls == 0 ? nullptr : std::move(valid), nulls);
}

template <class Wired>
std::unique_ptr<CellDecoder> make_integer_decoder(const model::LogicalType& type) {
  using namespace arrow;
  switch (type.kind) {
    case Kind::int16: return std::make_unique<IntegerDecoder<Wired, Int16Builder>>(type);
    case Kind::int32: return std::make_unique<IntegerDecoder<Wired, Int32Builder>>(type);
    case Kind::int64: return std::make_unique<IntegerDecoder<Wired, Int64Builder>>(type);
    default: break;
  }
  if (type.precision <= 38) {
    return std::make_unique<IntegerToDecimalDecoder<Wired, Decimal128, Decimal128Builder>>(type);
  }
  return std::make_unique<IntegerToDecimalDecoder<Wired, Decimal256, Decimal256Builder>>(type);
}

std::unique_ptr<CellDecoder> make_numeric_decoder(const model::LogicalType& type) {
  using namespace arrow;
  switch (type.kind) {
    case Kind::int16: return std::make_unique<NumericToIntegerDecoder<Int16Builder>>(type);
    case Kind::int32: return std::make_unique<NumericToIntegerDecoder<Int32Builder>>(type);
    case Kind::int64: return std::make_unique<NumericToIntegerDecoder<Int64Builder>>(type);
    default: break;
  }
  if (type.precision <= 38) return std::make_unique<NumericDecoder<Decimal128Builder, Decimal128, to_decimal128>>(type);
  return std::make_unique<NumericDecoder<Decimal256Builder, Decimal256, to_decimal256>>(type);
}

std::unique_ptr<CellDecoder> make_scalar_decoder(Wire wire, const model::LogicalType& type, bool validate_utf8) {
  switch (wire) {
    case Wire::boolean: return std::make_unique<BooleanDecoder>(type);
    case Wire::int2: return make_integer_decoder<std::int16_t>(type);
    case Wire::int4: return make_integer_decoder<std::int32_t>(type);
    case Wire::int8: return make_integer_decoder<std::int64_t>(type);
    case Wire::oid: return make_integer_decoder<std::uint32_t>(type);
    case Wire::float4:
      if (type.kind == Kind::float64) return std::make_unique<Float8Decoder>(type);
      return std::make_unique<Float4Decoder>(type);
    case Wire::float8:
      if (type.kind == Kind::float32) return std::make_unique<Float8ToFloat4Decoder>(type);
      return std::make_unique<Float8Decoder>(type);
    case Wire::numeric: return make_numeric_decoder(type);
    case Wire::date: return std::make_unique<DateDecoder>(type);
    case Wire::time: return std::make_unique<TimeDecoder>(type);
    case Wire::timestamp: return std::make_unique<TimestampDecoder>(type);
    case Wire::uuid: return std::make_unique<UuidDecoder>(type);
    case Wire::bytea: return std::make_unique<BytesDecoder<arrow::BinaryBuilder>>(0, false);
    case Wire::jsonb: return std::make_unique<BytesDecoder<arrow::StringBuilder>>(1, validate_utf8);
    case Wire::text: break;
  }
  if (type.kind == Kind::binary) return std::make_unique<BytesDecoder<arrow::BinaryBuilder>>(0, false);
  return std::make_unique<BytesDecoder<arrow::StringBuilder>>(0, validate_utf8);
}

std::string shortened(std::string text) {
  constexpr std::size_t kLimit = 80;
  if (text.size() > kLimit) text = text.substr(0, kLimit) + "...";
  return text;
}

std::string hex_of(const char* bytes, std::int32_t size) {
  std::string text;
  for (std::int32_t i = 0; i < size && i < 41; ++i) text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  return text;
}

}  // namespace

std::unique_ptr<CellDecoder> make_cell_decoder(const Transport& transport, bool validate_utf8) {
  if (transport.type.kind != Kind::list) return make_scalar_decoder(transport.wire, transport.type, validate_utf8);
  return std::make_unique<ListDecoder>(make_scalar_decoder(transport.wire, *transport.type.element, validate_utf8),
                                       transport.type);
}

std::string render_cell(Wire wire, const char* bytes, std::int32_t size) {
  switch (wire) {
    case Wire::int2: if (size == 2) return fmt::format("{}", wire::read_i16(bytes)); break;
    case Wire::int4: if (size == 4) return fmt::format("{}", wire::read_i32(bytes)); break;
    case Wire::int8: if (size == 8) return fmt::format("{}", wire::read_i64(bytes)); break;
    case Wire::oid: if (size == 4) return fmt::format("{}", wire::read_u32(bytes)); break;
    case Wire::numeric:
      if (const auto cell = NumericCell::parse(bytes, size)) return shortened(cell->to_string());
      break;
    case Wire::text: return shortened(std::string(bytes, static_cast<std::size_t>(size)));
    default: break;
  }
  return shortened(hex_of(bytes, size));
}

}  // namespace rivet::source::postgres
