// SPDX-License-Identifier: Apache-2.0
// Numerics as the server sends them, against their text.
#include "source/postgres/numeric.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace rivet::source::postgres {
namespace {

void put_u16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xFF);
}

/// The wire form of a plain decimal text, built as numeric_in does: digits grouped by four around the point.
std::string wire_of(std::string text) {
  unsigned sign = 0;
  if (text.front() == '-') {
    sign = 0x4000;
    text.erase(0, 1);
  }
  const auto point = text.find('.');
  std::string whole = text.substr(0, point);
  std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
  const auto display_scale = fraction.size();
  while (whole.size() % 4 != 0) whole.insert(0, "0");
  while (fraction.size() % 4 != 0) fraction += '0';
  const auto all = whole + fraction;
  std::vector<unsigned> digits;
  for (std::size_t i = 0; i < all.size(); i += 4) digits.push_back(static_cast<unsigned>(std::stoi(all.substr(i, 4))));
  int weight = static_cast<int>(whole.size() / 4) - 1;
  while (!digits.empty() && digits.front() == 0) {
    digits.erase(digits.begin());
    --weight;
  }
  while (!digits.empty() && digits.back() == 0) digits.pop_back();
  if (digits.empty()) weight = 0;
  std::string out;
  put_u16(out, static_cast<unsigned>(digits.size()));
  put_u16(out, static_cast<unsigned>(weight) & 0xFFFF);
  put_u16(out, sign);
  put_u16(out, static_cast<unsigned>(display_scale));
  for (const auto digit : digits) put_u16(out, digit);
  return out;
}

NumericCell cell_of(const std::string& wire) {
  auto cell = NumericCell::parse(wire.data(), static_cast<std::int32_t>(wire.size()));
  EXPECT_TRUE(cell.has_value());
  return *cell;
}

std::string decimal_of(const std::string& text, int precision, int scale) {
  const auto wire = wire_of(text);
  const auto value = to_decimal128(cell_of(wire), precision, scale);
  return value ? value->ToString(scale) : "none";
}

TEST(Numeric, KeepsEveryDigit) {
  EXPECT_EQ(decimal_of("0", 10, 2), "0.00");
  EXPECT_EQ(decimal_of("1", 10, 2), "1.00");
  EXPECT_EQ(decimal_of("-12345678.90", 10, 2), "-12345678.90");
  EXPECT_EQ(decimal_of("0.01", 10, 2), "0.01");
  EXPECT_EQ(decimal_of("0.0001", 5, 4), "0.0001");
  EXPECT_EQ(decimal_of("100000000", 12, 0), "100000000");
  EXPECT_EQ(decimal_of("99999999999999999999999999999999999999", 38, 0), "99999999999999999999999999999999999999");
  EXPECT_EQ(decimal_of("-0.00000000000000000000000000000000000001", 38, 38), "-1E-38");
}

TEST(Numeric, RefusesWhatTheDecimalCannotHold) {
  EXPECT_EQ(decimal_of("12.345", 10, 2), "none") << "a digit would be lost";
  EXPECT_EQ(decimal_of("100000000", 10, 2), "none") << "eleven digits";
  EXPECT_EQ(decimal_of("123456789012345678901234567890123456789", 38, 0), "none");
}

TEST(Numeric, TrailingZerosAreNotDigits) {
  EXPECT_EQ(decimal_of("1.5000000000000000000000000000000000000000000000", 10, 2), "1.50");
}

TEST(Numeric, NamesWhatIsNotANumber) {
  for (const auto& [sign, name] : {std::pair{0xC000U, "NaN"}, {0xD000U, "Infinity"}, {0xF000U, "-Infinity"}}) {
    std::string wire;
    for (const unsigned field : {0U, 0U, sign, 0U}) put_u16(wire, field);
    EXPECT_FALSE(cell_of(wire).is_finite());
    EXPECT_EQ(cell_of(wire).to_string(), name);
  }
}

TEST(Numeric, ShortAndSlowPathsAgreeWithTheText) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const int whole = static_cast<int>(random() % 20), fraction = static_cast<int>(random() % 12);
    std::string text;
    for (int d = 0; d < whole; ++d) text += static_cast<char>('0' + random() % (random() % 3 == 0 ? 1 : 10));
    text = text.empty() ? "0" : text;
    if (fraction > 0) text += '.';
    for (int d = 0; d < fraction; ++d) text += static_cast<char>('0' + random() % (random() % 3 == 0 ? 1 : 10));
    if (random() % 2 == 0) text.insert(0, "-");
    const auto wire = wire_of(text);
    const auto value = to_decimal128(cell_of(wire), 38, 12);
    ASSERT_TRUE(value.has_value()) << text;
    arrow::Decimal128 expected;
    std::int32_t precision = 0, scale = 0;
    ASSERT_TRUE(arrow::Decimal128::FromString(text, &expected, &precision, &scale).ok());
    ASSERT_EQ(value->ToString(12), expected.Rescale(scale, 12)->ToString(12)) << text;
  }
}

TEST(Numeric, RefusesBytesThatAreNotOne) {
  EXPECT_FALSE(NumericCell::parse("", 0));
  EXPECT_FALSE(NumericCell::parse("\0\2\0\0\0\0\0\0", 8)) << "two digits announced, none there";
  EXPECT_FALSE(NumericCell::parse("\377\377\0\0\0\0\0\0", 8)) << "a negative count";
}

}  // namespace
}  // namespace rivet::source::postgres
