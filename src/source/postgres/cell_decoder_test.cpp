// SPDX-License-Identifier: Apache-2.0
// Cells from the wire, right ones and any bytes at all.
#include "source/postgres/cell_decoder.hpp"

#include <random>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/data.h>
#include <gtest/gtest.h>

namespace rivet::source::postgres {
namespace {

using Kind = model::LogicalKind;

model::LogicalType list_of(Kind kind) {
  return {.kind = Kind::list, .element = std::make_shared<const model::LogicalType>(model::LogicalType{.kind = kind})};
}

std::string big_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

std::shared_ptr<arrow::Array> decode(const Transport& transport, const std::vector<std::string>& cells) {
  auto decoder = make_cell_decoder(transport, false);
  EXPECT_TRUE(decoder->reserve(static_cast<std::int64_t>(cells.size())).ok());
  for (const auto& cell : cells) {
    EXPECT_TRUE(decoder->append(cell.data(), static_cast<std::int32_t>(cell.size()))) << decoder->problem();
  }
  return arrow::MakeArray(*decoder->finish());
}

std::string refusal(const Transport& transport, const std::string& cell) {
  auto decoder = make_cell_decoder(transport, true);
  EXPECT_TRUE(decoder->reserve(1).ok());
  EXPECT_FALSE(decoder->append(cell.data(), static_cast<std::int32_t>(cell.size())));
  return decoder->problem();
}

TEST(CellDecoder, IntegersOfBothEnds) {
  const auto array = decode({.type = {.kind = Kind::int64}, .wire = Wire::int8},
                            {big_endian(0x8000000000000000, 8), big_endian(0x7FFFFFFFFFFFFFFF, 8)});
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*array).Value(0), INT64_MIN);
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*array).Value(1), INT64_MAX);
}

TEST(CellDecoder, DatesCountFrom1970) {
  const auto array = decode({.type = {.kind = Kind::date}, .wire = Wire::date}, {big_endian(0, 4)});
  EXPECT_EQ(static_cast<const arrow::Date32Array&>(*array).Value(0), 10'957);
}

TEST(CellDecoder, InfinityHasNoDate) {
  EXPECT_EQ(refusal({.type = {.kind = Kind::date}, .wire = Wire::date}, big_endian(0x7FFFFFFF, 4)), "infinity");
  EXPECT_EQ(refusal({.type = {.kind = Kind::timestamp}, .wire = Wire::timestamp}, big_endian(0x8000000000000000, 8)),
            "-infinity");
}

TEST(CellDecoder, TheLastTimestampOfTheServerIsOutOfRange) {
  EXPECT_NE(
      refusal({.type = {.kind = Kind::timestamp}, .wire = Wire::timestamp}, big_endian(9'223'371'331'199'999'999, 8)),
      "");
}

TEST(CellDecoder, MidnightAtTheEndOfTheDayIsNotATime) {
  EXPECT_NE(refusal({.type = {.kind = Kind::time}, .wire = Wire::time}, big_endian(86'400'000'000, 8)), "");
}

TEST(CellDecoder, NullsAmongValues) {
  auto decoder = make_cell_decoder({.type = {.kind = Kind::boolean}, .wire = Wire::boolean}, false);
  ASSERT_TRUE(decoder->reserve(20).ok());
  for (int i = 0; i < 20; ++i) {
    const char value = static_cast<char>(i % 2);
    if (i % 3 == 0) {
      decoder->append_null();
    } else {
      ASSERT_TRUE(decoder->append(&value, 1));
    }
  }
  const auto array = arrow::MakeArray(*decoder->finish());
  ASSERT_TRUE(array->ValidateFull().ok());
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(array->IsNull(i), i % 3 == 0);
    if (i % 3 != 0) {
      ASSERT_EQ(static_cast<const arrow::BooleanArray&>(*array).Value(i), i % 2 == 1) << i;
    }
  }
}

std::string one_dimension(std::int32_t count, std::int32_t lower, const std::string& elements) {
  return big_endian(1, 4) + big_endian(1, 4) + big_endian(23, 4) + big_endian(static_cast<std::uint32_t>(count), 4) +
         big_endian(static_cast<std::uint32_t>(lower), 4) + elements;
}

TEST(CellDecoder, ListsKeepTheirNulls) {
  const Transport transport{.type = list_of(Kind::int32), .wire = Wire::int4};
  const auto elements =
      big_endian(4, 4) + big_endian(7, 4) + big_endian(0xFFFFFFFF, 4) + big_endian(4, 4) + big_endian(9, 4);
  const auto array =
      decode(transport, {one_dimension(3, 1, elements), big_endian(0, 4) + big_endian(0, 4) + big_endian(23, 4)});
  ASSERT_TRUE(array->ValidateFull().ok());
  EXPECT_EQ(array->ToString(), "[\n  [\n    7,\n    null,\n    9\n  ],\n  []\n]");
}

TEST(CellDecoder, ArraysThatAListCannotHoldAreRefused) {
  const Transport transport{.type = list_of(Kind::int32), .wire = Wire::int4};
  EXPECT_NE(refusal(transport, big_endian(2, 4) + std::string(20, '\0')).find("2 dimensions"), std::string::npos);
  EXPECT_NE(refusal(transport, one_dimension(1, 0, big_endian(4, 4) + big_endian(7, 4))).find("index 0"),
            std::string::npos);
}

TEST(CellDecoder, TextOfASqlAsciiServerMustBeUtf8) {
  EXPECT_EQ(refusal({.type = {.kind = Kind::text}, .wire = Wire::text}, "\xFF\xFE"), "not valid UTF-8");
}

TEST(CellDecoder, AnyBytesAreAValueOrARefusal) {
  const std::vector<Transport> transports{
      {.type = {.kind = Kind::boolean}, .wire = Wire::boolean},
      {.type = {.kind = Kind::int32}, .wire = Wire::int4},
      {.type = {.kind = Kind::float64}, .wire = Wire::float8},
      {.type = {.kind = Kind::decimal, .precision = 20, .scale = 3}, .wire = Wire::numeric},
      {.type = {.kind = Kind::decimal, .precision = 60, .scale = 3}, .wire = Wire::numeric},
      {.type = {.kind = Kind::int16}, .wire = Wire::numeric},
      {.type = {.kind = Kind::timestamp, .unit = model::TimeUnit::nano}, .wire = Wire::timestamp},
      {.type = {.kind = Kind::uuid}, .wire = Wire::uuid},
      {.type = {.kind = Kind::json}, .wire = Wire::jsonb},
      {.type = list_of(Kind::int32), .wire = Wire::int4},
      {.type = list_of(Kind::text), .wire = Wire::text}};
  std::mt19937_64 random(11);
  for (int i = 0; i < 60'000; ++i) {
    const auto& transport = transports[random() % transports.size()];
    std::string cell(random() % 48, '\0');
    for (auto& byte : cell) byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 5);
    auto decoder = make_cell_decoder(transport, true);
    ASSERT_TRUE(decoder->reserve(2).ok());
    if (!decoder->append(cell.data(), static_cast<std::int32_t>(cell.size()))) {
      ASSERT_FALSE(decoder->problem().empty());
      continue;
    }
    ASSERT_TRUE(arrow::MakeArray(*decoder->finish())->ValidateFull().ok());
  }
}

}  // namespace
}  // namespace rivet::source::postgres
