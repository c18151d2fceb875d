// SPDX-License-Identifier: Apache-2.0
// What each parser accepts and what it refuses.
#include "batch/value_parser.hpp"

#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>

namespace rivet::batch {
namespace {

using model::TimeUnit;

TEST(ParseBool, KnowsTheSixSpellings) {
  for (const auto* text : {"true", "t", "1"}) {
    bool out = false;
    EXPECT_TRUE(parse_bool(text, out) && out) << text;
  }
  for (const auto* text : {"false", "f", "0"}) {
    bool out = true;
    EXPECT_TRUE(parse_bool(text, out) && !out) << text;
  }
  bool out = false;
  for (const auto* text : {"", "TRUE", "yes", "2", " true", "01"}) EXPECT_FALSE(parse_bool(text, out)) << text;
}

TEST(ParseInteger, ChecksTheRangeOfItsType) {
  std::int16_t small = 0;
  EXPECT_TRUE(parse_integer("-32768", small));
  EXPECT_EQ(small, -32768);
  EXPECT_FALSE(parse_integer("32768", small));
  std::int64_t wide = 0;
  EXPECT_TRUE(parse_integer("-9223372036854775808", wide));
  EXPECT_EQ(wide, std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(parse_integer("9223372036854775808", wide));
  std::uint64_t natural = 0;
  EXPECT_TRUE(parse_integer("18446744073709551615", natural));
  EXPECT_EQ(natural, std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(parse_integer("-1", natural));
}

TEST(ParseInteger, RefusesEverythingElse) {
  std::int64_t out = 0;
  for (const auto* text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "--1", "١"}) {
    EXPECT_FALSE(parse_integer(text, out)) << text;
  }
}

TEST(ParseFloat, KeepsSpecialValuesAndRefusesOverflow) {
  double out = 0;
  EXPECT_TRUE(parse_float("NaN", out) && std::isnan(out));
  EXPECT_TRUE(parse_float("-inf", out) && std::isinf(out) && out < 0);
  EXPECT_TRUE(parse_float("Infinity", out) && std::isinf(out) && out > 0);
  EXPECT_TRUE(parse_float("-0", out) && std::signbit(out));
  EXPECT_TRUE(parse_float("5e-324", out));
  EXPECT_EQ(out, std::numeric_limits<double>::denorm_min());
  for (const auto* text : {"", "1e999", "1e-999", "nan(x)", "INF", "-", "1.5x", "+1", " 1", "0x1p3"}) {
    EXPECT_FALSE(parse_float(text, out)) << text;
  }
  float narrow = 0;
  EXPECT_FALSE(parse_float("1e39", narrow));
}

std::string decimal128(std::string_view text, int precision, int scale) {
  arrow::Decimal128 out;
  return parse_decimal(text, precision, scale, out) ? out.ToString(scale) : "no";
}

TEST(ParseDecimal, NeverRounds) {
  EXPECT_EQ(decimal128("1.50", 10, 2), "1.50");
  EXPECT_EQ(decimal128("1.5000", 10, 1), "1.5");
  EXPECT_EQ(decimal128("1.505", 10, 2), "no");
  EXPECT_EQ(decimal128("-0.01", 2, 2), "-0.01");
  EXPECT_EQ(decimal128("1", 2, 2), "no");
  EXPECT_EQ(decimal128("99999999.99", 10, 2), "99999999.99");
  EXPECT_EQ(decimal128("100000000.00", 10, 2), "no");
  EXPECT_EQ(decimal128("-0.00", 10, 2), "0.00");
  EXPECT_EQ(decimal128("1.5e3", 10, 2), "1500.00");
  EXPECT_EQ(decimal128("15E-1", 10, 2), "1.50");
  EXPECT_EQ(decimal128("1e-3", 10, 2), "no");
  EXPECT_EQ(decimal128("0e99999", 10, 2), "0.00");
  EXPECT_EQ(decimal128("00000000000000000000000000000000000000000001.5", 2, 1), "1.5");
  EXPECT_EQ(decimal128("1.50000000000000000000000000000000000000000000000000000000000000000000000000000000", 2, 1),
            "1.5");
  EXPECT_EQ(decimal128("-99999999999999999999999999999999999999", 38, 0), "-99999999999999999999999999999999999999");
}

TEST(ParseDecimal, RefusesWhatIsNoNumber) {
  for (const auto* text :
       {"", "-", ".", "-.", "1..2", "1.2.3", "NaN", "inf", "1e", "e5", "1e+-5", "+1", " 1", "1,5", "1e99999999999"}) {
    EXPECT_EQ(decimal128(text, 38, 2), "no") << text;
  }
}

TEST(ParseDecimal, FillsSeventySixDigits) {
  const std::string digits(76, '9');
  arrow::Decimal256 out;
  ASSERT_TRUE(parse_decimal("-" + digits, 76, 0, out));
  EXPECT_EQ(out.ToIntegerString(), "-" + digits);
  EXPECT_FALSE(parse_decimal(digits + "9", 76, 0, out));
  ASSERT_TRUE(parse_decimal("123456789012345678901234567890123456789.5", 76, 10, out));
  EXPECT_EQ(out.ToString(10), "123456789012345678901234567890123456789.5000000000");
}

TEST(ParseDate, CoversTheWholeRangeOfDays) {
  std::int32_t days = 0;
  EXPECT_TRUE(parse_date("1970-01-01", days));
  EXPECT_EQ(days, 0);
  EXPECT_TRUE(parse_date("1969-12-31", days));
  EXPECT_EQ(days, -1);
  EXPECT_TRUE(parse_date("0000-02-29", days));
  EXPECT_EQ(days, -719'469);
  EXPECT_TRUE(parse_date("5881580-07-11", days));
  EXPECT_EQ(days, std::numeric_limits<std::int32_t>::max());
  EXPECT_FALSE(parse_date("5881580-07-12", days));
  EXPECT_TRUE(parse_date("-5877641-06-23", days));
  EXPECT_EQ(days, std::numeric_limits<std::int32_t>::min());
  EXPECT_FALSE(parse_date("-5877641-06-22", days));
}

TEST(ParseDate, RefusesDaysThatDoNotExist) {
  std::int32_t days = 0;
  for (const auto* text : {"2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-04-31",
                           "24-01-01", "02024-01-01", "-0000-01-01", "2024-1-1", "2024/01/01", "2024-01-01 ",
                           "2024-01-01T", "", "infinity", "2024-01", "2024-01-", "2024-01-1"}) {
    EXPECT_FALSE(parse_date(text, days)) << text;
  }
}

TEST(ParseTime, StaysBelowADay) {
  std::int64_t micros = 0;
  EXPECT_TRUE(parse_time("23:59:59.999999", micros));
  EXPECT_EQ(micros, 86'399'999'999);
  EXPECT_TRUE(parse_time("00:00:00.5", micros));
  EXPECT_EQ(micros, 500'000);
  for (const auto* text : {"24:00:00", "23:60:00", "23:59:60", "1:00:00", "12:00", "12:00:00.", "12:00:00.1234567",
                           "12:00:00Z", "-1:00:00", ""}) {
    EXPECT_FALSE(parse_time(text, micros)) << text;
  }
}

TEST(ParseTimestamp, AcceptsBlankAndTAndRefusesOffsets) {
  std::int64_t ticks = 0;
  EXPECT_TRUE(parse_timestamp("1970-01-01T00:00:01", TimeUnit::micro, ticks));
  EXPECT_EQ(ticks, 1'000'000);
  EXPECT_TRUE(parse_timestamp("1969-12-31 23:59:59.999999", TimeUnit::micro, ticks));
  EXPECT_EQ(ticks, -1);
  EXPECT_TRUE(parse_timestamp("1970-01-01T00:00:00.000000001", TimeUnit::nano, ticks));
  EXPECT_EQ(ticks, 1);
  EXPECT_TRUE(parse_timestamp("1677-09-21T00:12:43.145224192", TimeUnit::nano, ticks));
  EXPECT_EQ(ticks, std::numeric_limits<std::int64_t>::min());
  for (const auto* text : {"1677-09-21T00:12:43.145224191", "2262-04-11T23:47:16.854775808"}) {
    EXPECT_FALSE(parse_timestamp(text, TimeUnit::nano, ticks)) << text;
  }
  for (const auto* text : {"2024-01-01", "2024-01-01T", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+01",
                           "2024-01-01x00:00:00", "2024-01-01T00:00:00.0000001", "300000-01-01T00:00:00"}) {
    EXPECT_FALSE(parse_timestamp(text, TimeUnit::micro, ticks)) << text;
  }
}

TEST(ParseInstant, AppliesOffsets) {
  std::int64_t ticks = 0;
  for (const auto* text : {"1970-01-01T02:30:00+02:30", "1970-01-01 00:00:00", "1970-01-01T00:00:00Z",
                           "1969-12-31T23:00:00-01", "1970-01-01T02:30:00+0230", "1970-01-01T00:19:32+00:19:32"}) {
    ASSERT_TRUE(parse_instant(text, TimeUnit::micro, ticks)) << text;
    EXPECT_EQ(ticks, 0) << text;
  }
  for (const auto* text : {"1970-01-01T00:00:00+", "1970-01-01T00:00:00+1", "1970-01-01T00:00:00+24",
                           "1970-01-01T00:00:00+01:", "1970-01-01T00:00:00 UTC", "1970-01-01T00:00:00Z+01",
                           "1970-01-01T00:00:00+01:00:00:00"}) {
    EXPECT_FALSE(parse_instant(text, TimeUnit::micro, ticks)) << text;
  }
}

TEST(ParseUuid, TakesBothForms) {
  std::array<std::uint8_t, 16> with{}, without{};
  ASSERT_TRUE(parse_uuid("00112233-4455-6677-8899-AABBCCDDEEFF", with));
  ASSERT_TRUE(parse_uuid("00112233445566778899aabbccddeeff", without));
  EXPECT_EQ(with, without);
  EXPECT_EQ(with[15], 0xFF);
  for (const auto* text : {"", "0011223344556677-8899-AABBCCDDEEFF--", "{0112233445566778899aabbccddeef}",
                           "00112233-4455-6677-8899-AABBCCDDEEFG"}) {
    EXPECT_FALSE(parse_uuid(text, with)) << text;
  }
}

TEST(ParseHex, NeedsWholeBytes) {
  std::string out;
  EXPECT_TRUE(parse_hex("00fFa1", out));
  EXPECT_EQ(out, std::string("\0\xff\xa1", 3));
  EXPECT_FALSE(parse_hex("0", out));
  EXPECT_FALSE(parse_hex("0g", out));
  EXPECT_FALSE(parse_hex("\\x00", out));
}

}  // namespace
}  // namespace rivet::batch
