// SPDX-License-Identifier: Apache-2.0
// What each parser accepts, what it refuses, and that it inverts the writer.
#include "batch/value_parser.hpp"

#include "batch/cell_text.hpp"
#include "batch/schema.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;
using model::LogicalType;
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
  EXPECT_EQ(decimal128("1.50000000000000000000000000000000000000000000000000000000000000000000000000000000", 2, 1), "1.5");
  EXPECT_EQ(decimal128("-99999999999999999999999999999999999999", 38, 0), "-99999999999999999999999999999999999999");
}

TEST(ParseDecimal, RefusesWhatIsNoNumber) {
  for (const auto* text : {"", "-", ".", "-.", "1..2", "1.2.3", "NaN", "inf", "1e", "e5", "1e+-5", "+1", " 1", "1,5",
                           "1e99999999999"}) {
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
  for (const auto* text : {"2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-04-31", "24-01-01",
                           "02024-01-01", "-0000-01-01", "2024-1-1", "2024/01/01", "2024-01-01 ", "2024-01-01T", "",
                           "infinity", "2024-01", "2024-01-", "2024-01-1"}) {
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
  for (const auto* text : {"2024-01-01", "2024-01-01T", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+01", "2024-01-01x00:00:00",
                           "2024-01-01T00:00:00.0000001", "300000-01-01T00:00:00"}) {
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
  for (const auto* text : {"1970-01-01T00:00:00+", "1970-01-01T00:00:00+1", "1970-01-01T00:00:00+24", "1970-01-01T00:00:00+01:",
                           "1970-01-01T00:00:00 UTC", "1970-01-01T00:00:00Z+01", "1970-01-01T00:00:00+01:00:00:00"}) {
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

/// Appends the texts as values of `type` and writes them back.
std::vector<std::string> round_trip(const LogicalType& type, const std::vector<std::string>& texts) {
  const auto builder = arrow::MakeBuilder(storage_type(type)).ValueOrDie();
  const auto appender = make_text_appender(type, *builder);
  std::vector<std::string> refused;
  for (const auto& text : texts) {
    if (appender->append(text) != Appended::yes) refused.push_back(text);
  }
  EXPECT_EQ(refused, std::vector<std::string>());
  const auto array = builder->Finish().ValueOrDie();
  EXPECT_TRUE(array->ValidateFull().ok());
  const CellWriter writer(type);
  std::vector<std::string> out(static_cast<std::size_t>(array->length()));
  for (std::int64_t row = 0; row < array->length(); ++row) writer.append(*array, row, out[static_cast<std::size_t>(row)]);
  return out;
}

LogicalType list_of(LogicalType element) {
  return {.kind = Kind::list, .element = std::make_shared<const LogicalType>(std::move(element))};
}

TEST(TextAppender, InvertsTheWriterForEveryKind) {
  const std::vector<std::pair<LogicalType, std::vector<std::string>>> cases{
      {{.kind = Kind::boolean}, {"true", "false"}},
      {{.kind = Kind::int16}, {"-32768", "0"}},
      {{.kind = Kind::int32}, {"2147483647"}},
      {{.kind = Kind::int64}, {"-9223372036854775808"}},
      {{.kind = Kind::uint64}, {"18446744073709551615"}},
      {{.kind = Kind::float32}, {"0.1", "NaN", "inf", "-inf", "3.4028235e+38"}},
      {{.kind = Kind::float64}, {"0.1", "NaN", "-0", "1.7976931348623157e+308", "5e-324"}},
      {{.kind = Kind::decimal, .precision = 5, .scale = 2}, {"-999.99", "0.00"}},
      {{.kind = Kind::decimal, .precision = 76, .scale = 38}, {"-0.00000000000000000000000000000000000001"}},
      {{.kind = Kind::date}, {"2024-02-29", "-0044-03-15", "12345-01-01", "0000-01-01"}},
      {{.kind = Kind::time}, {"23:59:59.999999"}},
      {{.kind = Kind::timestamp}, {"2024-02-29T12:34:56.000001", "-0001-01-01T00:00:00.000000"}},
      {{.kind = Kind::timestamp, .unit = TimeUnit::nano}, {"2024-02-29T12:34:56.000000001"}},
      {{.kind = Kind::timestamp_tz}, {"2024-02-29T12:34:56.000001Z"}},
      {{.kind = Kind::text}, {"", "a\"b\nc", "grüße"}},
      {{.kind = Kind::json}, {"{\"a\": [1,  2]}"}},
      {{.kind = Kind::interval}, {"P1Y2M"}},
      {{.kind = Kind::enumeration}, {"red"}},
      {{.kind = Kind::binary}, {"", "00ff"}},
      {{.kind = Kind::uuid}, {"00112233-4455-6677-8899-aabbccddeeff"}},
      {list_of({.kind = Kind::int32}), {"[]", "[1,null,-3]", "[null]"}},
      {list_of({.kind = Kind::text}), {R"(["a","null","quote \" slash \\ \n \u0001",null,""])"}},
      {list_of({.kind = Kind::float64}), {R"([1.5,"NaN","-inf"])"}},
      {list_of({.kind = Kind::decimal, .precision = 5, .scale = 2}), {"[1.50,-0.01]"}},
      {list_of({.kind = Kind::date}), {R"(["2024-02-29"])"}},
      {list_of({.kind = Kind::json}), {R"(["{\"a\": 1}"])"}},
  };
  for (const auto& [type, texts] : cases) EXPECT_EQ(round_trip(type, texts), texts) << model::to_string(type);
}

TEST(TextAppender, LeavesNothingBehindAfterAMisfit) {
  const auto type = list_of({.kind = Kind::int16});
  const auto builder = arrow::MakeBuilder(storage_type(type)).ValueOrDie();
  const auto appender = make_text_appender(type, *builder);
  for (const auto* text : {"[1,x]", "[1,99999]", "[1,]", "[,1]", "[1 2]", "[[1]]", "1", "", "[", R"(["1)", R"(["\ud800"])", "[1]]"}) {
    EXPECT_EQ(appender->append(text), Appended::misfit) << text;
  }
  EXPECT_EQ(appender->append(" [7]"), Appended::misfit);
  EXPECT_EQ(appender->append("[ 7 , null ]"), Appended::yes);
  const auto array = builder->Finish().ValueOrDie();
  ASSERT_TRUE(array->ValidateFull().ok());
  EXPECT_EQ(array->length(), 1);
  EXPECT_EQ(static_cast<const arrow::ListArray&>(*array).values()->length(), 2);
}

TEST(TextAppender, ReadsJsonEscapes) {
  EXPECT_EQ(round_trip(list_of({.kind = Kind::text}), {R"(["\u00e9\ud83d\ude00\/"])"}),
            std::vector<std::string>{"[\"é😀/\"]"});
}

TEST(TextAppender, RefusesInvalidUtf8) {
  arrow::StringBuilder builder;
  const auto appender = make_text_appender({.kind = Kind::text}, builder);
  EXPECT_EQ(appender->append("\xff"), Appended::misfit);
  EXPECT_EQ(appender->append(std::string_view("a\0b", 3)), Appended::yes);
  EXPECT_EQ(builder.length(), 1);
}

}  // namespace
}  // namespace rivet::batch
