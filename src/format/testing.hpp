// SPDX-License-Identifier: Apache-2.0
// Random rows of every type, and files of a format in memory, for the tests of this layer.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "batch/digest.hpp"
#include "format/encoder.hpp"

namespace rivet::format::testing {

using Kind = model::LogicalKind;
using model::LogicalType;
using model::TimeUnit;
using Random = std::mt19937_64;

inline model::Column column(const std::string& name, LogicalType type = {}, bool nullable = true) {
  return {.name = name, .native_type = "native", .type = std::move(type), .nullable = nullable};
}

inline LogicalType list_of(const LogicalType& element) {
  return {.kind = Kind::list, .element = std::make_shared<const LogicalType>(element)};
}

inline std::vector<LogicalType> scalar_types() {
  std::vector<LogicalType> types;
  for (const auto kind :
       {Kind::boolean, Kind::int16, Kind::int32, Kind::int64, Kind::uint64, Kind::float32, Kind::float64, Kind::date,
        Kind::time, Kind::text, Kind::binary, Kind::json, Kind::uuid, Kind::interval, Kind::enumeration}) {
    types.push_back({.kind = kind});
  }
  for (const auto unit : {TimeUnit::micro, TimeUnit::nano}) {
    types.push_back({.kind = Kind::timestamp, .unit = unit});
    types.push_back({.kind = Kind::timestamp_tz, .unit = unit});
  }
  for (const auto& [precision, scale] :
       {std::pair{1, 0}, {9, 9}, {18, 4}, {38, 0}, {38, 38}, {39, 1}, {76, 0}, {76, 76}}) {
    types.push_back({.kind = Kind::decimal, .precision = precision, .scale = scale});
  }
  return types;
}

inline model::Columns all_columns() {
  model::Columns columns;
  for (const auto& type : scalar_types()) {
    columns.push_back(column(fmt::format("{} c{}", model::to_string(type), columns.size()), type));
    columns.push_back(column(fmt::format("l,\"{}", columns.size()), list_of(type)));
  }
  return columns;
}

template <class Number>
Number any_number(Random& random) {
  using Limits = std::numeric_limits<Number>;
  switch (random() % 6) {
    case 0: return Limits::lowest();
    case 1: return Limits::max();
    case 2: return Number{0};
    case 3: return static_cast<Number>(-1);
    default: return static_cast<Number>(random());
  }
}

template <class Number>
Number any_float(Random& random) {
  using Limits = std::numeric_limits<Number>;
  switch (random() % 10) {
    case 0: return Limits::quiet_NaN();
    case 1: return Limits::infinity();
    case 2: return -Limits::infinity();
    case 3: return Number{-0.0};
    case 4: return Limits::denorm_min();
    case 5: return Limits::lowest();
    default:
      return static_cast<Number>(std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 180) - 120));
  }
}

inline std::string any_text(Random& random) {
  static const std::vector<std::string> pieces{"",     ",",    "\"", "\n",   "\r\n", "\r",
                                               " ",    "a",    "ß",  "日本", "\\",   "\t",
                                               "null", "NULL", "[",  "\\.",  "\x01", "\xF0\x9F\x90\x98",
                                               "\"\"", "]"};
  std::string text;
  for (auto count = random() % 5; count > 0; --count) text += pieces[random() % pieces.size()];
  if (random() % 50 == 0) text += std::string(random() % 70'000, 'w');
  return text;
}

inline std::string any_digits(Random& random, int precision) {
  std::string digits = random() % 2 == 0 ? "-" : "";
  const auto count = random() % 3 == 0 ? precision : 1 + static_cast<int>(random() % precision);
  for (int i = 0; i < count; ++i) digits += static_cast<char>(random() % 3 == 0 ? '9' : '0' + random() % 10);
  return digits;
}

template <class Builder>
Builder& as(arrow::ArrayBuilder& builder) {
  return static_cast<Builder&>(builder);
}

/// Appends a random value, often an extreme one.
inline arrow::Status append_any(const LogicalType& type, Random& random, arrow::ArrayBuilder& to) {
  switch (type.kind) {
    case Kind::boolean: return as<arrow::BooleanBuilder>(to).Append(random() % 2 == 0);
    case Kind::int16: return as<arrow::Int16Builder>(to).Append(any_number<std::int16_t>(random));
    case Kind::int32: return as<arrow::Int32Builder>(to).Append(any_number<std::int32_t>(random));
    case Kind::int64: return as<arrow::Int64Builder>(to).Append(any_number<std::int64_t>(random));
    case Kind::uint64: return as<arrow::UInt64Builder>(to).Append(any_number<std::uint64_t>(random));
    case Kind::float32: return as<arrow::FloatBuilder>(to).Append(any_float<float>(random));
    case Kind::float64: return as<arrow::DoubleBuilder>(to).Append(any_float<double>(random));
    case Kind::date: return as<arrow::Date32Builder>(to).Append(any_number<std::int32_t>(random));
    case Kind::time: return as<arrow::Time64Builder>(to).Append(static_cast<std::int64_t>(random() % 86'400'000'000));
    case Kind::timestamp:
    case Kind::timestamp_tz: return as<arrow::TimestampBuilder>(to).Append(any_number<std::int64_t>(random));
    case Kind::binary: return as<arrow::BinaryBuilder>(to).Append(any_text(random));
    case Kind::uuid: {
      const std::array<std::uint64_t, 2> halves{random(), random()};
      return as<arrow::FixedSizeBinaryBuilder>(to).Append(reinterpret_cast<const std::uint8_t*>(halves.data()));
    }
    case Kind::decimal: {
      const auto digits = any_digits(random, type.precision);
      if (type.precision <= 38) return as<arrow::Decimal128Builder>(to).Append(arrow::Decimal128(digits));
      return as<arrow::Decimal256Builder>(to).Append(arrow::Decimal256(digits));
    }
    case Kind::list: {
      auto& list = as<arrow::ListBuilder>(to);
      auto status = list.Append();
      for (auto count = random() % 4; status.ok() && count > 0; --count) {
        auto& elements = *list.value_builder();
        status = random() % 4 == 0 ? elements.AppendNull() : append_any(*type.element, random, elements);
      }
      return status;
    }
    case Kind::text:
    case Kind::json:
    case Kind::interval:
    case Kind::enumeration: return as<arrow::StringBuilder>(to).Append(any_text(random));
  }
  return arrow::Status::Invalid("unknown kind");
}

inline batch::Batch any_batch(const model::Columns& columns, std::int64_t rows, Random& random) {
  arrow::ArrayVector arrays;
  for (const auto& one : columns) {
    const auto builder = arrow::MakeBuilder(batch::storage_type(one.type)).ValueOrDie();
    for (std::int64_t row = 0; row < rows; ++row) {
      const bool is_null = one.nullable && random() % 5 == 0;
      EXPECT_TRUE((is_null ? builder->AppendNull() : append_any(one.type, random, *builder)).ok());
    }
    arrays.push_back(builder->Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(batch::batch_schema(columns), rows, std::move(arrays));
}

/// The bytes of one file; counts are checked on the way.
inline std::string encode(const Format& format, const model::Columns& columns,
                          const std::vector<batch::Batch>& batches) {
  std::string bytes;
  auto encoder = format
                     .encoder(columns,
                              [&](const void* data, std::int64_t size) -> Result<void> {
                                bytes.append(static_cast<const char*>(data), static_cast<std::size_t>(size));
                                return {};
                              })
                     .value();
  std::int64_t rows = 0;
  for (const auto& one : batches) {
    EXPECT_TRUE(encoder->write(one).has_value());
    rows += one->num_rows();
  }
  const auto file = encoder->finish().value();
  EXPECT_EQ(file.rows, rows);
  EXPECT_EQ(file.bytes, static_cast<std::int64_t>(bytes.size()));
  return bytes;
}

/// The batches of a file, or what is wrong with it.
inline Result<std::vector<batch::Batch>> decode(const Format& format, const model::Columns& columns,
                                                const std::string& bytes) {
  const auto decoder =
      TRY(format.decoder(columns, std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes))));
  std::vector<batch::Batch> batches;
  while (auto one = TRY(decoder->next())) batches.push_back(*std::move(one));
  return batches;
}

/// A batch of one text column.
inline batch::Batch texts(const model::Columns& columns, const std::vector<std::optional<std::string>>& values) {
  arrow::StringBuilder builder;
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return arrow::RecordBatch::Make(batch::batch_schema(columns), static_cast<std::int64_t>(values.size()),
                                  {builder.Finish().ValueOrDie()});
}

inline model::Digest digest_of(const model::Columns& columns, const std::vector<batch::Batch>& batches) {
  batch::Digester digester(columns);
  for (const auto& one : batches) digester.add(*one);
  return digester.take();
}

}  // namespace rivet::format::testing
