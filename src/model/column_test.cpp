// SPDX-License-Identifier: Apache-2.0
// Names and native spellings of column kinds, and their round trip through JSON.
#include "model/column.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/column_json.hpp"
#include "model/json_fields.hpp"

namespace rivet::model {
namespace {

LogicalType list_of(LogicalType element) {
  return {.kind = LogicalKind::list, .element = std::make_shared<const LogicalType>(std::move(element))};
}

std::vector<LogicalType> every_type() {
  std::vector<LogicalType> types;
  for (int kind = 0; kind < static_cast<int>(LogicalKind::list); ++kind) {
    types.push_back({.kind = static_cast<LogicalKind>(kind)});
  }
  std::erase_if(types, [](const auto& type) { return type.kind == LogicalKind::decimal; });
  types.push_back({.kind = LogicalKind::decimal, .precision = 1, .scale = 0});
  types.push_back({.kind = LogicalKind::decimal, .precision = 76, .scale = 76});
  types.push_back({.kind = LogicalKind::timestamp, .unit = TimeUnit::nano});
  types.push_back({.kind = LogicalKind::timestamp_tz, .unit = TimeUnit::nano});
  const auto scalars = types;
  for (const auto& type : scalars) types.push_back(list_of(type));
  return types;
}

Column column(std::string name, std::string native_type, LogicalType type) {
  Column made;
  made.name = std::move(name);
  made.native_type = std::move(native_type);
  made.type = std::move(type);
  return made;
}

Columns awkward_columns() {
  const LogicalType int64{.kind = LogicalKind::int64}, text;
  Columns columns;
  columns.push_back(column("id", "bigint", int64));
  columns.back().nullable = false;
  columns.push_back(
      column("pri\"ce\n\xC3\xA4", "numeric(10,2)", {.kind = LogicalKind::decimal, .precision = 10, .scale = 2}));
  columns.push_back(column("net", "inet", text));
  columns.back().fidelity = Fidelity::logical_string;
  columns.back().warning = "as text";
  columns.push_back(column("tags", "text[]", list_of(text)));
  columns.push_back(column("_rivet_row_hash", "", int64));
  columns.back().added = true;
  return columns;
}

TEST(LogicalType, EverySpellingIsReadBack) {
  for (const auto& type : every_type()) {
    const auto text = to_string(type);
    const auto parsed = parse_logical_type(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_EQ(*parsed, type) << text;
  }
}

TEST(LogicalType, SpellingsDiffer) {
  std::vector<std::string> spellings;
  for (const auto& type : every_type()) spellings.push_back(to_string(type));
  std::sort(spellings.begin(), spellings.end());
  EXPECT_EQ(std::adjacent_find(spellings.begin(), spellings.end()), spellings.end());
}

TEST(LogicalType, NonsenseIsRefused) {
  for (const auto* text : {"", "int", "list", "list<>", "list<nothing>", "decimal", "decimal(0,0)", "decimal(77,0)",
                           "decimal(5,6)", "decimal(5,-1)", "decimal(5", "decimal(5,2", "decimal()", "decimal(x,y)"}) {
    EXPECT_FALSE(parse_logical_type(text).has_value()) << text;
  }
}

TEST(SchemaFingerprint, DependsOnNamesTypesAndOrder) {
  const Columns columns{column("a", "x", {.kind = LogicalKind::int32}), column("b", "x", {})};
  auto renamed = columns, retyped = columns, turned = columns, noted = columns;
  renamed[0].name = "c";
  retyped[0].type.kind = LogicalKind::int64;
  std::swap(turned[0], turned[1]);
  noted[0].warning = "something";
  EXPECT_THAT(schema_fingerprint(columns), testing::MatchesRegex("xxh3:[0-9a-f]+"));
  EXPECT_NE(schema_fingerprint(columns), schema_fingerprint(renamed));
  EXPECT_NE(schema_fingerprint(columns), schema_fingerprint(retyped));
  EXPECT_NE(schema_fingerprint(columns), schema_fingerprint(turned));
  EXPECT_EQ(schema_fingerprint(columns), schema_fingerprint(noted));
}

TEST(ColumnJson, EveryAttributeIsReadBack) {
  const auto columns = awkward_columns();
  const auto parsed = columns_from_json_text(columns_to_json_text(columns));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
  EXPECT_EQ(*parsed, columns);
}

TEST(ColumnJson, WritesOnlyWhatSaysSomething) {
  EXPECT_EQ(columns_to_json_text({awkward_columns()[0]}),
            R"([{"name":"id","type":"int64","native_type":"bigint","nullable":false}])");
}

TEST(ColumnJson, NamesTheColumnThatIsWrong) {
  const auto parsed = columns_from_json_text(
      R"([{"name":"id","type":"int64","native_type":"bigint","nullable":false},{"name":"x","type":"int65"}])");
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().kind, ErrorKind::data);
  EXPECT_THAT(parsed.error().message, testing::HasSubstr("columns[1]"));
}

TEST(ColumnJson, HostileTypesAreRefused) {
  std::string nested;
  for (int i = 0; i < 1'000'000; ++i) nested += "list<";
  for (const auto& type :
       {nested, std::string("timestamp(ms)"), std::string("int64(3)"), std::string("decimal(10, 2)")}) {
    const nlohmann::json json{{{"name", "x"}, {"type", type}, {"native_type", ""}, {"nullable", true}}};
    EXPECT_FALSE(columns_from_json(json).has_value()) << type.substr(0, 20);
  }
}

}  // namespace
}  // namespace rivet::model
