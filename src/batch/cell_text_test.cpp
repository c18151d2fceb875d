// SPDX-License-Identifier: Apache-2.0
// Exact text of every kind of cell, as CSV and text columns show it.
#include "batch/cell_text.hpp"

#include "batch/schema.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;
using model::LogicalType;
using model::TimeUnit;

std::string text_of(const LogicalType& type, const arrow::Array& array, std::int64_t row = 0) {
  std::string out;
  CellWriter(type).append(array, row, out);
  return out;
}

template <class Builder, class Value>
std::string cell(const LogicalType& type, Value value) {
  Builder builder(storage_type(type), arrow::default_memory_pool());
  EXPECT_TRUE(builder.Append(value).ok());
  return text_of(type, *builder.Finish().ValueOrDie());
}

std::string timestamp(std::int64_t ticks, TimeUnit unit, Kind kind = Kind::timestamp) {
  return cell<arrow::TimestampBuilder>({.kind = kind, .unit = unit}, ticks);
}

std::string date(std::int32_t days) { return cell<arrow::Date32Builder>({.kind = Kind::date}, days); }
std::string real(double value) { return cell<arrow::DoubleBuilder>({.kind = Kind::float64}, value); }
std::string short_real(float value) { return cell<arrow::FloatBuilder>({.kind = Kind::float32}, value); }
std::string clock(std::int64_t micros) { return cell<arrow::Time64Builder>({.kind = Kind::time}, micros); }

std::string decimal(const std::string& unscaled, int precision, int scale) {
  const LogicalType type{.kind = Kind::decimal, .precision = precision, .scale = scale};
  if (precision <= 38) return cell<arrow::Decimal128Builder>(type, arrow::Decimal128(unscaled));
  return cell<arrow::Decimal256Builder>(type, arrow::Decimal256(unscaled));
}

LogicalType list_of(const LogicalType& element) {
  return {.kind = Kind::list, .element = std::make_shared<const LogicalType>(element)};
}

/// A list column of one row with the values and a NULL after them.
template <class Builder, class Value>
std::string list_cell(const LogicalType& element, const std::vector<Value>& values) {
  const auto type = list_of(element);
  const auto storage = storage_type(type);
  auto inner = std::make_shared<Builder>(storage_type(element), arrow::default_memory_pool());
  arrow::ListBuilder builder(arrow::default_memory_pool(), inner, storage);
  EXPECT_TRUE(builder.Append().ok());
  for (const auto& value : values) EXPECT_TRUE(inner->Append(value).ok());
  EXPECT_TRUE(inner->AppendNull().ok());
  return text_of(type, *builder.Finish().ValueOrDie());
}

TEST(CellText, WritesIntegersAtTheirLimits) {
  EXPECT_EQ(cell<arrow::Int16Builder>({.kind = Kind::int16}, std::int16_t{-32768}), "-32768");
  EXPECT_EQ(cell<arrow::Int32Builder>({.kind = Kind::int32}, std::numeric_limits<std::int32_t>::min()), "-2147483648");
  EXPECT_EQ(cell<arrow::Int64Builder>({.kind = Kind::int64}, std::numeric_limits<std::int64_t>::min()),
            "-9223372036854775808");
  EXPECT_EQ(cell<arrow::UInt64Builder>({.kind = Kind::uint64}, std::numeric_limits<std::uint64_t>::max()),
            "18446744073709551615");
}

TEST(CellText, WritesBooleansAsWords) {
  EXPECT_EQ(cell<arrow::BooleanBuilder>({.kind = Kind::boolean}, true), "true");
  EXPECT_EQ(cell<arrow::BooleanBuilder>({.kind = Kind::boolean}, false), "false");
}

TEST(CellText, WritesFloatsShortestThatReadBack) {
  EXPECT_EQ(real(0.1), "0.1");
  EXPECT_EQ(real(-0.0), "-0");
  using Limits = std::numeric_limits<double>;
  for (const double value :
       {1.0 / 3, Limits::denorm_min(), Limits::lowest(), Limits::min(), 1e23, 9007199254740993.0}) {
    EXPECT_EQ(std::strtod(real(value).c_str(), nullptr), value);
  }
  EXPECT_EQ(short_real(0.1F), "0.1");
  const float largest = std::numeric_limits<float>::max();
  EXPECT_EQ(std::strtof(short_real(largest).c_str(), nullptr), largest);
}

TEST(CellText, SpellsFloatsThatAreNotNumbers) {
  EXPECT_EQ(real(std::nan("")), "NaN");
  EXPECT_EQ(real(-std::nan("")), "NaN");
  EXPECT_EQ(real(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(real(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(short_real(-std::numeric_limits<float>::infinity()), "-inf");
}

TEST(CellText, WritesDecimalsWithExactlyTheirScale) {
  EXPECT_EQ(decimal("12345", 10, 2), "123.45");
  EXPECT_EQ(decimal("-5", 10, 2), "-0.05");
  EXPECT_EQ(decimal("0", 10, 2), "0.00");
  EXPECT_EQ(decimal("100", 10, 2), "1.00");
  EXPECT_EQ(decimal("42", 10, 0), "42");
  EXPECT_EQ(decimal("-1", 5, 5), "-0.00001");
}

TEST(CellText, WritesDecimalsBeyond64Bits) {
  const std::string nines(38, '9');
  EXPECT_EQ(decimal(nines, 38, 0), nines);
  EXPECT_EQ(decimal("-" + nines, 38, 38), "-0." + nines);
  EXPECT_EQ(decimal("18446744073709551616", 38, 0), "18446744073709551616");
  EXPECT_EQ(decimal("10000000000000000000000000000000000000", 38, 1), "1000000000000000000000000000000000000.0");
  const std::string long_nines(76, '9');
  EXPECT_EQ(decimal(long_nines, 76, 0), long_nines);
  EXPECT_EQ(decimal("-" + long_nines, 76, 10), "-" + long_nines.substr(0, 66) + "." + long_nines.substr(66));
  EXPECT_EQ(decimal("-1", 76, 76), "-0." + std::string(75, '0') + "1");
}

TEST(CellText, WritesDatesOfAnyYear) {
  EXPECT_EQ(date(0), "1970-01-01");
  EXPECT_EQ(date(-1), "1969-12-31");
  EXPECT_EQ(date(11'016), "2000-02-29");
  EXPECT_EQ(date(2'932'896), "9999-12-31");
  EXPECT_EQ(date(2'932'897), "10000-01-01");
  EXPECT_EQ(date(-719'162), "0001-01-01");
  EXPECT_EQ(date(-719'163), "0000-12-31");
  EXPECT_EQ(date(-719'528), "0000-01-01");
  EXPECT_EQ(date(-719'529), "-0001-12-31");
  EXPECT_EQ(date(std::numeric_limits<std::int32_t>::max()), "5881580-07-11");
  EXPECT_EQ(date(std::numeric_limits<std::int32_t>::min()), "-5877641-06-23");
}

TEST(CellText, WritesTimesWithSixDigits) {
  EXPECT_EQ(clock(0), "00:00:00.000000");
  EXPECT_EQ(clock(86'399'999'999), "23:59:59.999999");
}

TEST(CellText, WritesTimestampsBeforeTheEpoch) {
  EXPECT_EQ(timestamp(0, TimeUnit::micro), "1970-01-01T00:00:00.000000");
  EXPECT_EQ(timestamp(-1, TimeUnit::micro), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(timestamp(-1, TimeUnit::nano), "1969-12-31T23:59:59.999999999");
  EXPECT_EQ(timestamp(-86'400'000'000, TimeUnit::micro), "1969-12-31T00:00:00.000000");
  EXPECT_EQ(timestamp(std::numeric_limits<std::int64_t>::min(), TimeUnit::micro), "-290308-12-21T19:59:05.224192");
  EXPECT_EQ(timestamp(std::numeric_limits<std::int64_t>::max(), TimeUnit::nano), "2262-04-11T23:47:16.854775807");
}

TEST(CellText, MarksInstantsWithZ) {
  EXPECT_EQ(timestamp(1'500'000, TimeUnit::micro, Kind::timestamp_tz), "1970-01-01T00:00:01.500000Z");
  EXPECT_EQ(timestamp(1, TimeUnit::nano, Kind::timestamp_tz), "1970-01-01T00:00:00.000000001Z");
}

TEST(CellText, WritesBytesAsHexAndUuidsWithHyphens) {
  EXPECT_EQ(cell<arrow::BinaryBuilder>({.kind = Kind::binary}, std::string("\x00\xff\x1a", 3)), "00ff1a");
  EXPECT_EQ(cell<arrow::BinaryBuilder>({.kind = Kind::binary}, std::string()), "");
  const std::string bytes("\x01\x23\x45\x67\x89\xab\xcd\xef\x00\x11\x22\x33\x44\x55\x66\x77", 16);
  EXPECT_EQ(cell<arrow::FixedSizeBinaryBuilder>({.kind = Kind::uuid}, bytes), "01234567-89ab-cdef-0011-223344556677");
}

TEST(CellText, LeavesTextAsItIs) {
  EXPECT_EQ(cell<arrow::StringBuilder>({.kind = Kind::text}, std::string("a,\"b\"\n ß")), "a,\"b\"\n ß");
  EXPECT_EQ(cell<arrow::StringBuilder>({.kind = Kind::json}, std::string("{\"a\": 1}")), "{\"a\": 1}");
}

TEST(CellText, WritesListsAsJson) {
  EXPECT_EQ((list_cell<arrow::Int32Builder, std::int32_t>({.kind = Kind::int32}, {1, -2})), "[1,-2,null]");
  EXPECT_EQ((list_cell<arrow::BooleanBuilder, bool>({.kind = Kind::boolean}, {true, false})), "[true,false,null]");
  EXPECT_EQ((list_cell<arrow::DoubleBuilder, double>({.kind = Kind::float64}, {0.5, std::nan(""), -INFINITY})),
            "[0.5,\"NaN\",\"-inf\",null]");
  EXPECT_EQ((list_cell<arrow::Decimal128Builder, arrow::Decimal128>({.kind = Kind::decimal, .precision = 4, .scale = 2},
                                                                    {arrow::Decimal128(150)})),
            "[1.50,null]");
  EXPECT_EQ((list_cell<arrow::Date32Builder, std::int32_t>({.kind = Kind::date}, {0})), "[\"1970-01-01\",null]");
  EXPECT_EQ((list_cell<arrow::StringBuilder, std::string>({.kind = Kind::text}, {"", "null", "a\"\\\n\t\x01ß"})),
            "[\"\",\"null\",\"a\\\"\\\\\\n\\t\\u0001ß\",null]");
  EXPECT_EQ((list_cell<arrow::StringBuilder, std::string>({.kind = Kind::json}, {"{\"a\": 1}"})),
            "[\"{\\\"a\\\": 1}\",null]");
}

TEST(CellText, ReadsSlicedLists) {
  const auto type = list_of({.kind = Kind::int64});
  auto inner = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), inner, storage_type(type));
  for (std::int64_t row = 0; row < 4; ++row) {
    ASSERT_TRUE(builder.Append().ok());
    for (std::int64_t i = 0; i < row; ++i) ASSERT_TRUE(inner->Append(row * 10 + i).ok());
  }
  const auto sliced = builder.Finish().ValueOrDie()->Slice(2);
  EXPECT_EQ(text_of(type, *sliced, 0), "[20,21]");
  EXPECT_EQ(text_of(type, *sliced, 1), "[30,31,32]");
}

TEST(CellText, AppendsAfterWhatIsThere) {
  std::string out = "x=";
  append_date(0, out);
  EXPECT_EQ(out, "x=1970-01-01");
}

}  // namespace
}  // namespace rivet::batch
