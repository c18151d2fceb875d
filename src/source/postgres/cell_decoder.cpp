// SPDX-License-Identifier: Apache-2.0
// One small class per wire format; each refuses what its Arrow type cannot hold exactly.
#include "source/postgres/cell_decoder.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include <arrow/array/data.h>
#include <arrow/util/bitmap_generate.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include "batch/cell_text.hpp"
#include "batch/column_builder.hpp"
#include "batch/schema.hpp"
#include "source/postgres/numeric.hpp"
#include "source/postgres/wire.hpp"

namespace rivet::source::postgres {
namespace {

using Kind = model::LogicalKind;

constexpr std::int64_t kEpochDays = 10'957;  // 2000-01-01 in days since 1970
constexpr std::int64_t kEpochMicros = kEpochDays * 86'400'000'000;
constexpr std::int64_t kDayMicros = 86'400'000'000;
constexpr std::int64_t kInfinity64 = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMinusInfinity64 = std::numeric_limits<std::int64_t>::min();

/// What every decoder of fixed-size values shares. `T` is the value as Arrow stores it.
template <class T>
class FixedDecoder : public CellDecoder {
 public:
  explicit FixedDecoder(const model::LogicalType& type) : column_(batch::storage_type(type)) {}
  arrow::Status reserve(std::int64_t rows) final { return column_.reserve(rows); }
  void append_null() final { column_.append_null(); }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> finish() final { return column_.finish(); }

 protected:
  bool wrong_size(std::int32_t size) { return refuse(fmt::format("{} bytes on the wire", size)); }
  bool store(const T& value) {
    column_.append(value);
    return true;
  }

 private:
  batch::FixedColumn<T> column_;
};

/// Arrow packs booleans into bits; they arrive, and wait here, as bytes.
class BooleanDecoder final : public CellDecoder {
 public:
  explicit BooleanDecoder(const model::LogicalType&) : bytes_(arrow::uint8()) {}
  arrow::Status reserve(std::int64_t rows) override { return bytes_.reserve(rows); }
  void append_null() override { bytes_.append_null(); }
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 1) return refuse(fmt::format("{} bytes on the wire", size));
    bytes_.append(*bytes != 0);
    return true;
  }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    ARROW_ASSIGN_OR_RAISE(auto data, bytes_.finish());
    ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateBitmap(data->length, batch::memory_pool()));
    const auto* values = data->GetValues<std::uint8_t>(1);
    std::int64_t row = 0;
    arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, data->length, [&] { return values[row++] != 0; });
    data->type = arrow::boolean();
    data->buffers[1] = std::move(bits);
    return data;
  }

 private:
  batch::FixedColumn<std::uint8_t> bytes_;
};

template <class Wired>
Wired read_integer(const char* bytes) {
  if constexpr (std::is_same_v<Wired, std::int16_t>) return wire::read_i16(bytes);
  if constexpr (std::is_same_v<Wired, std::int32_t>) return wire::read_i32(bytes);
  if constexpr (std::is_same_v<Wired, std::uint32_t>) return wire::read_u32(bytes);
  if constexpr (std::is_same_v<Wired, std::int64_t>) return wire::read_i64(bytes);
}

template <class Wired, class Value>
class IntegerDecoder final : public FixedDecoder<Value> {
 public:
  using FixedDecoder<Value>::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != sizeof(Wired)) return this->wrong_size(size);
    const std::int64_t value = read_integer<Wired>(bytes);
    if (value < std::numeric_limits<Value>::min() || value > std::numeric_limits<Value>::max()) {
      return this->refuse(fmt::format("{} is outside the range of the column", value));
    }
    return this->store(static_cast<Value>(value));
  }
};

template <class Wired, class Decimal>
class IntegerToDecimalDecoder final : public FixedDecoder<Decimal> {
 public:
  explicit IntegerToDecimalDecoder(const model::LogicalType& type) : FixedDecoder<Decimal>(type), type_(type) {}
  bool append(const char* bytes, std::int32_t size) override {
    if (size != sizeof(Wired)) return this->wrong_size(size);
    const std::int64_t value = read_integer<Wired>(bytes);
    const auto scaled = Decimal(value).Rescale(0, type_.scale);
    if (!scaled.ok() || !scaled->FitsInPrecision(type_.precision)) {
      return this->refuse(fmt::format("{} does not fit {}", value, model::to_string(type_)));
    }
    return this->store(*scaled);
  }

 private:
  model::LogicalType type_;
};

class Float4Decoder final : public FixedDecoder<float> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 4) return wrong_size(size);
    return store(wire::read_f32(bytes));
  }
};

class Float8Decoder final : public FixedDecoder<double> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 8 && size != 4) return wrong_size(size);
    return store(size == 8 ? wire::read_f64(bytes) : static_cast<double>(wire::read_f32(bytes)));
  }
};

class Float8ToFloat4Decoder final : public FixedDecoder<float> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 8) return wrong_size(size);
    const double value = wire::read_f64(bytes);
    const auto narrow = static_cast<float>(value);
    if (!std::isnan(value) && static_cast<double>(narrow) != value) {
      return refuse(fmt::format("{} is not exact in 32 bits", value));
    }
    return store(narrow);
  }
};

template <class Decimal, std::optional<Decimal> (*Convert)(const NumericCell&, int, int)>
class NumericDecoder final : public FixedDecoder<Decimal> {
 public:
  explicit NumericDecoder(const model::LogicalType& type) : FixedDecoder<Decimal>(type), type_(type) {}
  bool append(const char* bytes, std::int32_t size) override {
    const auto cell = NumericCell::parse(bytes, size);
    if (!cell) return this->wrong_size(size);
    if (!cell->is_finite()) return this->refuse(fmt::format("{} has no decimal form", cell->to_string()));
    const auto value = Convert(*cell, type_.precision, type_.scale);
    if (!value) {
      return this->refuse(fmt::format("{} does not fit {} exactly", cell->to_string(), model::to_string(type_)));
    }
    return this->store(*value);
  }

 private:
  model::LogicalType type_;
};

template <class Value>
class NumericToIntegerDecoder final : public FixedDecoder<Value> {
 public:
  using FixedDecoder<Value>::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    const auto cell = NumericCell::parse(bytes, size);
    if (!cell) return this->wrong_size(size);
    const auto value = cell->is_finite() ? to_decimal128(*cell, 19, 0) : std::nullopt;
    std::int64_t integer = 0;
    const bool fits = value && value->ToInteger(&integer).ok() && integer >= std::numeric_limits<Value>::min() &&
                      integer <= std::numeric_limits<Value>::max();
    if (!fits) return this->refuse(fmt::format("{} is not an integer of this size", cell->to_string()));
    return this->store(static_cast<Value>(integer));
  }
};

class DateDecoder final : public FixedDecoder<std::int32_t> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 4) return wrong_size(size);
    const std::int32_t days = wire::read_i32(bytes);
    if (days == std::numeric_limits<std::int32_t>::max()) return refuse("infinity");
    if (days == std::numeric_limits<std::int32_t>::min()) return refuse("-infinity");
    return store(static_cast<std::int32_t>(days + kEpochDays));
  }
};

class TimeDecoder final : public FixedDecoder<std::int64_t> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 8) return wrong_size(size);
    const auto micros = wire::read_i64(bytes);
    if (micros < 0 || micros >= kDayMicros) return refuse("24:00:00 is not a time of day");
    return store(micros);
  }
};

/// Microseconds since 2000 as `YYYY-MM-DD HH:MM:SS.ffffff`.
std::string timestamp_text(std::int64_t micros) {
  const auto days = micros / kDayMicros - (micros % kDayMicros < 0 ? 1 : 0);
  const auto in_day = micros - days * kDayMicros;
  const auto seconds = in_day / 1'000'000;
  std::string text;
  batch::append_date(days + kEpochDays, text);
  return text +
         fmt::format(" {:02}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60, in_day % 1'000'000);
}

class TimestampDecoder final : public FixedDecoder<std::int64_t> {
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
      return refuse(timestamp_text(micros) + " is outside the range of the column");
    }
    return store(value);
  }

 private:
  std::int64_t factor_;
};

using Uuid = std::array<std::uint8_t, 16>;

class UuidDecoder final : public FixedDecoder<Uuid> {
 public:
  using FixedDecoder::FixedDecoder;
  bool append(const char* bytes, std::int32_t size) override {
    if (size != 16) return wrong_size(size);
    Uuid value;
    std::memcpy(value.data(), bytes, value.size());
    return store(value);
  }
};

/// Text and binary. `skip` leading bytes belong to the wire format (jsonb's version).
class BytesDecoder final : public CellDecoder {
 public:
  BytesDecoder(const std::shared_ptr<arrow::DataType>& type, int skip, bool validate_utf8)
      : column_(type), skip_(skip), validate_(validate_utf8) {
    if (validate_) arrow::util::InitializeUTF8();
  }
  arrow::Status reserve(std::int64_t rows) override { return column_.reserve(rows); }
  void append_null() override { column_.append_null(); }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> finish() override { return column_.finish(); }
  bool append(const char* bytes, std::int32_t size) override {
    if (size < skip_) return refuse("no version byte");
    const char* text = bytes + skip_;
    const auto length = size - skip_;
    if (validate_ && !arrow::util::ValidateUTF8(reinterpret_cast<const std::uint8_t*>(text), length)) {
      return refuse("not valid UTF-8");
    }
    const auto status = column_.append(text, length);
    return status.ok() || refuse(status.message());
  }

 private:
  batch::BytesColumn column_;
  int skip_;
  bool validate_;
};

/// One-dimensional arrays (array_send: dimensions, has-null flag, element type, then length and lower
/// bound of each dimension, then the elements).
class ListDecoder final : public CellDecoder {
 public:
  ListDecoder(std::unique_ptr<CellDecoder> element, const model::LogicalType& type)
      : element_(std::move(element)), type_(batch::storage_type(type)), ends_(arrow::int32()) {}

  arrow::Status reserve(std::int64_t rows) override { return ends_.reserve(rows + 1); }
  void append_null() override { ends_.append_null(); }
  bool append(const char* bytes, std::int32_t size) override;
  arrow::Result<std::shared_ptr<arrow::ArrayData>> finish() override;

 private:
  bool append_elements(const char* bytes, const char* end, std::int32_t count);
  bool close_list() {
    ends_.append(static_cast<std::int32_t>(elements_));
    return true;
  }

  std::unique_ptr<CellDecoder> element_;
  std::shared_ptr<arrow::DataType> type_;
  batch::FixedColumn<std::int32_t> ends_;  // where each list ends; NULL lists say 0
  std::int64_t elements_ = 0;
};

bool ListDecoder::append(const char* bytes, std::int32_t size) {
  if (size < 12) return refuse("no array header");
  const auto dimensions = wire::read_i32(bytes);
  if (dimensions == 0) return close_list();
  if (dimensions != 1) return refuse(fmt::format("an array of {} dimensions", dimensions));
  if (size < 20) return refuse("no array header");
  if (const auto lower = wire::read_i32(bytes + 16); lower != 1) {
    return refuse(fmt::format("an array that starts at index {}", lower));
  }
  const auto count = wire::read_i32(bytes + 12);
  if (count < 0 || !element_->reserve(count).ok()) return refuse("an array of impossible size");
  return append_elements(bytes + 20, bytes + size, count) && close_list();
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

arrow::Result<std::shared_ptr<arrow::ArrayData>> ListDecoder::finish() {
  ARROW_ASSIGN_OR_RAISE(auto elements, element_->finish());
  ARROW_ASSIGN_OR_RAISE(auto ends, ends_.finish());
  ARROW_ASSIGN_OR_RAISE(auto offsets, arrow::AllocateBuffer((ends->length + 1) * 4, batch::memory_pool()));
  auto* offset = reinterpret_cast<std::int32_t*>(offsets->mutable_data());
  *offset = 0;
  for (std::int64_t row = 0; row < ends->length; ++row, ++offset) {
    offset[1] = ends->IsNull(row) ? offset[0] : ends->GetValues<std::int32_t>(1)[row];
  }
  elements_ = 0;
  return arrow::ArrayData::Make(type_, ends->length, {ends->buffers[0], std::move(offsets)}, {std::move(elements)},
                                ends->null_count);
}

template <class Wired>
std::unique_ptr<CellDecoder> make_integer_decoder(const model::LogicalType& type) {
  using namespace arrow;
  switch (type.kind) {
    case Kind::int16: return std::make_unique<IntegerDecoder<Wired, std::int16_t>>(type);
    case Kind::int32: return std::make_unique<IntegerDecoder<Wired, std::int32_t>>(type);
    case Kind::int64: return std::make_unique<IntegerDecoder<Wired, std::int64_t>>(type);
    default: break;
  }
  if (type.precision <= 38) {
    return std::make_unique<IntegerToDecimalDecoder<Wired, Decimal128>>(type);
  }
  return std::make_unique<IntegerToDecimalDecoder<Wired, Decimal256>>(type);
}

std::unique_ptr<CellDecoder> make_numeric_decoder(const model::LogicalType& type) {
  using namespace arrow;
  switch (type.kind) {
    case Kind::int16: return std::make_unique<NumericToIntegerDecoder<std::int16_t>>(type);
    case Kind::int32: return std::make_unique<NumericToIntegerDecoder<std::int32_t>>(type);
    case Kind::int64: return std::make_unique<NumericToIntegerDecoder<std::int64_t>>(type);
    default: break;
  }
  if (type.precision <= 38) return std::make_unique<NumericDecoder<Decimal128, to_decimal128>>(type);
  return std::make_unique<NumericDecoder<Decimal256, to_decimal256>>(type);
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
    case Wire::bytea: return std::make_unique<BytesDecoder>(arrow::binary(), 0, false);
    case Wire::jsonb: return std::make_unique<BytesDecoder>(arrow::utf8(), 1, validate_utf8);
    case Wire::text: break;
  }
  if (type.kind == Kind::binary) return std::make_unique<BytesDecoder>(arrow::binary(), 0, false);
  return std::make_unique<BytesDecoder>(arrow::utf8(), 0, validate_utf8);
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
    case Wire::int2:
      if (size == 2) return fmt::format("{}", wire::read_i16(bytes));
      break;
    case Wire::int4:
      if (size == 4) return fmt::format("{}", wire::read_i32(bytes));
      break;
    case Wire::int8:
      if (size == 8) return fmt::format("{}", wire::read_i64(bytes));
      break;
    case Wire::oid:
      if (size == 4) return fmt::format("{}", wire::read_u32(bytes));
      break;
    case Wire::numeric:
      if (const auto cell = NumericCell::parse(bytes, size)) return shortened(cell->to_string());
      break;
    case Wire::text: return shortened(std::string(bytes, static_cast<std::size_t>(size)));
    default: break;
  }
  return shortened(hex_of(bytes, size));
}

}  // namespace rivet::source::postgres
