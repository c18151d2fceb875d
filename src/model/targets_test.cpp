// SPDX-License-Identifier: Apache-2.0
// The rules as one table: every logical type, every target.
#include "model/targets.hpp"

#include <array>

#include <gtest/gtest.h>

namespace rivet::model {
namespace {

constexpr std::array kAll{Target::duckdb, Target::bigquery, Target::snowflake, Target::clickhouse};

Column column(std::string_view type, std::string name = "c") {
  return {.name = std::move(name), .native_type = "n", .type = *parse_logical_type(type)};
}

/// `target_type` or `target_type < autoload_type`, and the status unless it is ok.
std::string shown(Target target, std::string_view type) {
  const auto found = target_column(target, column(type));
  auto text = found.target_type;
  if (found.autoload_type != found.target_type) text += " < " + found.autoload_type;
  if (found.status != TargetStatus::ok) text += " " + std::string(name_of(found.status));
  return text;
}

struct Expected {
  const char* type;
  std::array<const char*, 4> targets;
};

constexpr Expected kExpected[] = {
    {"boolean", {"BOOLEAN", "BOOL", "BOOLEAN", "Bool"}},
    {"int16", {"SMALLINT", "INT64", "NUMBER(38,0)", "Int16"}},
    {"int32", {"INTEGER", "INT64", "NUMBER(38,0)", "Int32"}},
    {"int64", {"BIGINT", "INT64", "NUMBER(38,0)", "Int64"}},
    {"uint64", {"UBIGINT", "NUMERIC < INT64 warn", "NUMBER(20,0) < NUMBER(38,0) warn", "UInt64"}},
    {"float32", {"FLOAT", "FLOAT64", "FLOAT", "Float32"}},
    {"float64", {"DOUBLE", "FLOAT64", "FLOAT", "Float64"}},
    {"decimal(10,2)", {"DECIMAL(10,2)", "NUMERIC", "NUMBER(10,2)", "Decimal(10, 2)"}},
    {"decimal(38,9)", {"DECIMAL(38,9)", "NUMERIC", "NUMBER(38,9)", "Decimal(38, 9)"}},
    {"decimal(38,10)", {"DECIMAL(38,10)", "BIGNUMERIC", "NUMBER(38,10)", "Decimal(38, 10)"}},
    {"decimal(76,38)", {"DOUBLE warn", "BIGNUMERIC", " < TEXT fail", "Decimal(76, 38)"}},
    {"decimal(50,40)", {"DOUBLE warn", " < BIGNUMERIC fail", " < TEXT fail", "Decimal(50, 40)"}},
    {"date", {"DATE", "DATE", "DATE", "Date32"}},
    {"time", {"TIME", "TIME", "TIME(6) < NUMBER(38,0)", "Int64 warn"}},
    {"timestamp(us)", {"TIMESTAMP", "DATETIME < TIMESTAMP", "TIMESTAMP_NTZ(6) < NUMBER(38,0)", "DateTime64(6)"}},
    {"timestamp(ns)", {"TIMESTAMP_NS", "INT64 warn", "TIMESTAMP_NTZ(9) < NUMBER(38,0)", "DateTime64(9)"}},
    {"timestamp_tz(us)",
     {"TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "TIMESTAMP_TZ(6) < TIMESTAMP_NTZ(6)", "DateTime64(6, 'UTC')"}},
    {"timestamp_tz(ns)",
     {"TIMESTAMPTZ_NS warn", "INT64 warn", "TIMESTAMP_TZ(9) < TIMESTAMP_NTZ(9)", "DateTime64(9, 'UTC')"}},
    {"text", {"VARCHAR", "STRING", "TEXT", "String"}},
    {"binary", {"BLOB", "BYTES", "BINARY", "String"}},
    {"json", {"JSON", "JSON < BYTES", "VARIANT < TEXT", "JSON < String"}},
    {"uuid", {"UUID", "STRING < BYTES", "TEXT < BINARY", "UUID < FixedString(16)"}},
    {"interval", {"VARCHAR", "STRING", "TEXT", "String"}},
    {"enum", {"VARCHAR", "STRING", "TEXT", "String"}},
    {"list<int32>",
     {"INTEGER[]", "ARRAY<INT64> < ARRAY<STRUCT<item INT64>> warn", "ARRAY < VARIANT", "Array(Nullable(Int32))"}},
    {"list<uuid>",
     {"UUID[]", "ARRAY<STRING> < ARRAY<STRUCT<item BYTES>> warn", "ARRAY < VARIANT",
      "Array(Nullable(UUID)) < Array(Nullable(FixedString(16)))"}},
};

TEST(Targets, HaveATypeForEveryLogicalType) {
  for (const auto& [type, targets] : kExpected) {
    for (std::size_t i = 0; i < kAll.size(); ++i) {
      EXPECT_EQ(shown(kAll[i], type), targets[i]) << type << " for " << name_of(kAll[i]);
    }
  }
}

TEST(Targets, AreKnownByBothNames) {
  for (const auto target : kAll) EXPECT_EQ(parse_target(name_of(target)), target);
  EXPECT_EQ(parse_target("bq"), Target::bigquery);
  EXPECT_EQ(parse_target("duck"), Target::duckdb);
  EXPECT_EQ(parse_target("sf"), Target::snowflake);
  EXPECT_EQ(parse_target("ch"), Target::clickhouse);
  EXPECT_EQ(parse_target("oracle"), std::nullopt);
}

TEST(Targets, AreNeverBetterThanTheSource) {
  for (const auto target : kAll) {
    auto lost = column("int64");
    lost.fidelity = Fidelity::lossy;
    lost.warning = "digits are cut";
    EXPECT_EQ(target_column(target, lost).status, TargetStatus::warn);
    EXPECT_EQ(target_column(target, lost).note, "digits are cut");
    lost.fidelity = Fidelity::unsupported;
    EXPECT_EQ(target_column(target, lost).status, TargetStatus::fail);
    lost.fidelity = Fidelity::compatible;
    lost.warning.clear();
    EXPECT_EQ(target_column(target, lost).status, TargetStatus::ok);
  }
}

TEST(Targets, NeedNoRecoveryWhereALoadKeepsTypes) {
  EXPECT_EQ(recovery_sql(Target::duckdb, "t", target_columns(Target::duckdb, {column("json")})), "");
}

TEST(Targets, CastOnlyWhatALoadChanges) {
  const Columns columns{column("int64", "id"), column("uuid", "u"), column("list<uuid>", "l")};
  const auto sql = recovery_sql(Target::bigquery, "t", target_columns(Target::bigquery, columns));
  EXPECT_NE(sql.find("CREATE OR REPLACE TABLE `t` AS\nSELECT\n  `id`,\n  TO_HEX(`u`) AS `u`,\n"
                     "  ARRAY(SELECT TO_HEX(e.item) FROM UNNEST(`l`) AS e) AS `l`\nFROM `t__staging`;"),
            std::string::npos)
      << sql;
}

TEST(Targets, QuoteHostileNames) {
  const Columns columns{column("json", "a\"b`c\\d {0}\nDROP")};
  const auto sql = [&](Target target) { return recovery_sql(target, "x\"`\n;--", target_columns(target, columns)); };
  EXPECT_NE(sql(Target::snowflake).find("PARSE_JSON(\"a\"\"b`c\\d {0}\nDROP\") AS \"a\"\"b`c\\d {0}\nDROP\""),
            std::string::npos);
  EXPECT_NE(sql(Target::bigquery).find("`a\"b\\`c\\\\d {0}\\nDROP`"), std::string::npos);
  EXPECT_NE(sql(Target::clickhouse).find("TABLE `x\"\\`\\n;--` ENGINE"), std::string::npos);
  for (const auto target : {Target::bigquery, Target::snowflake, Target::clickhouse}) {
    const auto text = sql(target);
    EXPECT_EQ(text.substr(0, text.find('\n')).find("-- 1) "), 0U);
    EXPECT_EQ(text.substr(text.find('\n') + 1).find("-- 2) "), 0U) << "the name must not end the comment: " << text;
  }
}

}  // namespace
}  // namespace rivet::model
