// SPDX-License-Identifier: Apache-2.0
// That appenders invert the writer and leave nothing behind after a misfit.
#include "batch/text_appender.hpp"

#include "batch/cell_text.hpp"
#include "batch/schema.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;
using model::LogicalType;
using model::TimeUnit;

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
  for (std::int64_t row = 0; row < array->length(); ++row)
    writer.append(*array, row, out[static_cast<std::size_t>(row)]);
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
  for (const auto* text :
       {"[1,x]", "[1,99999]", "[1,]", "[,1]", "[1 2]", "[[1]]", "1", "", "[", R"(["1)", R"(["\ud800"])", "[1]]"}) {
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
