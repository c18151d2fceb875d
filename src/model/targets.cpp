// SPDX-License-Identifier: Apache-2.0
// One function per target says which types; the rest is the same for all.
#include "model/targets.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace rivet::model {
namespace {

using Kind = LogicalKind;
using Status = TargetStatus;

/// What a target does with a type. `cast` has `{}` where the loaded column goes.
struct Rule {
  std::string type, loaded = {};  ///< `loaded` empty: the same
  Status status = Status::ok;
  std::string note = {}, cast = {};
};

bool is_nano(const LogicalType& type) { return type.unit == TimeUnit::nano; }

std::string decimal_as(std::string_view name, const LogicalType& type) {
  return fmt::format("{}({},{})", name, type.precision, type.scale);
}

Rule cannot(std::string loaded, std::string note) {
  return {.type = "", .loaded = std::move(loaded), .status = Status::fail, .note = std::move(note)};
}

Rule rule_of(Target target, const LogicalType& type);

// What each does with the types that need no parameter and no care, in the order of Target.
struct SameRow {
  Kind kind;
  std::array<std::string_view, 4> types;
};
constexpr std::array<SameRow, 11> kSame{{
    {Kind::boolean, {"BOOLEAN", "BOOL", "BOOLEAN", "Bool"}},
    {Kind::int16, {"SMALLINT", "INT64", "NUMBER(38,0)", "Int16"}},
    {Kind::int32, {"INTEGER", "INT64", "NUMBER(38,0)", "Int32"}},
    {Kind::int64, {"BIGINT", "INT64", "NUMBER(38,0)", "Int64"}},
    {Kind::float32, {"FLOAT", "FLOAT64", "FLOAT", "Float32"}},
    {Kind::float64, {"DOUBLE", "FLOAT64", "FLOAT", "Float64"}},
    {Kind::date, {"DATE", "DATE", "DATE", "Date32"}},
    {Kind::text, {"VARCHAR", "STRING", "TEXT", "String"}},
    {Kind::interval, {"VARCHAR", "STRING", "TEXT", "String"}},
    {Kind::enumeration, {"VARCHAR", "STRING", "TEXT", "String"}},
    {Kind::binary, {"BLOB", "BYTES", "BINARY", "String"}},
}};

std::optional<Rule> same_everywhere(Target target, Kind kind) {
  const auto* const row = std::find_if(kSame.begin(), kSame.end(), [&](const auto& r) { return r.kind == kind; });
  if (row == kSame.end()) return std::nullopt;
  Rule rule{.type = std::string(row->types[static_cast<std::size_t>(target)])};
  if (kind == Kind::interval) rule.note = "ISO 8601 durations as text";
  if (kind == Kind::binary && target == Target::snowflake) rule.note = "load with BINARY_AS_TEXT = FALSE";
  return rule;
}

Rule duckdb_rule(const LogicalType& type) {
  switch (type.kind) {
    case Kind::uint64: return {.type = "UBIGINT"};
    case Kind::decimal:
      if (type.precision <= 38) return {.type = decimal_as("DECIMAL", type)};
      return {.type = "DOUBLE", .status = Status::warn, .note = "above 38 digits it becomes floating point"};
    case Kind::time: return {.type = "TIME"};
    case Kind::timestamp: return {.type = is_nano(type) ? "TIMESTAMP_NS" : "TIMESTAMP"};
    case Kind::timestamp_tz:
      if (!is_nano(type)) return {.type = "TIMESTAMP WITH TIME ZONE"};
      return {.type = "TIMESTAMPTZ_NS", .status = Status::warn, .note = "DuckDB 1.x cuts nanoseconds to microseconds"};
    case Kind::json: return {.type = "JSON"};
    case Kind::uuid: return {.type = "UUID"};
    case Kind::list: {
      auto rule = rule_of(Target::duckdb, *type.element);
      rule.type += "[]";
      return rule;
    }
    default: return {.type = "VARCHAR"};
  }
}

Rule bigquery_list(const LogicalType& element) {
  auto rule = rule_of(Target::bigquery, element);
  if (rule.status == Status::fail) return rule;
  const auto loaded = rule.loaded.empty() ? rule.type : rule.loaded;
  const auto item = rule.cast.empty() ? std::string("e.item") : fmt::format(fmt::runtime(rule.cast), "e.item");
  return {.type = fmt::format("ARRAY<{}>", rule.type),
          .loaded = fmt::format("ARRAY<STRUCT<item {}>>", loaded),
          .status = Status::warn,
          .note = "an array of structs with a field `item`; NULL elements are refused",
          .cast = "ARRAY(SELECT " + item + " FROM UNNEST({0}) AS e)"};
}

Rule bigquery_decimal(const LogicalType& type) {
  const int whole = type.precision - type.scale;
  if (whole <= 29 && type.scale <= 9) return {.type = "NUMERIC"};
  if (whole <= 38 && type.scale <= 38) return {.type = "BIGNUMERIC"};
  return cannot("BIGNUMERIC", "more digits than BIGNUMERIC has: export it as text");
}

Rule bigquery_rule(const LogicalType& type) {
  switch (type.kind) {
    case Kind::uint64:
      return {.type = "NUMERIC",
              .loaded = "INT64",
              .status = Status::warn,
              .note = "values from 2^63 on overflow: declare NUMERIC in the load's schema",
              .cast = "CAST({} AS NUMERIC)"};
    case Kind::decimal: return bigquery_decimal(type);
    case Kind::time: return {.type = "TIME"};
    case Kind::timestamp:
      if (is_nano(type)) {
        return {
            .type = "INT64", .status = Status::warn, .note = "nanoseconds since 1970 as a number: no type has them"};
      }
      return {.type = "DATETIME", .loaded = "TIMESTAMP", .note = "loaded as if it were UTC", .cast = "DATETIME({})"};
    case Kind::timestamp_tz:
      if (!is_nano(type)) return {.type = "TIMESTAMP"};
      return {.type = "INT64", .status = Status::warn, .note = "nanoseconds since 1970 as a number: no type has them"};
    case Kind::json:
      return {.type = "JSON",
              .loaded = "BYTES",
              .note = "loaded as bytes",
              .cast = "PARSE_JSON(SAFE_CONVERT_BYTES_TO_STRING({}), wide_number_mode => 'round')"};
    case Kind::uuid: return {.type = "STRING", .loaded = "BYTES", .note = "32 hex digits", .cast = "TO_HEX({})"};
    case Kind::list: return bigquery_list(*type.element);
    default: return {.type = "STRING"};
  }
}

Rule snowflake_timestamp(const LogicalType& type, bool instant) {
  const auto scale = is_nano(type) ? 9 : 6;
  if (!instant) {
    return {.type = fmt::format("TIMESTAMP_NTZ({})", scale),
            .loaded = "NUMBER(38,0)",
            .note = "loaded as a number since 1970",
            .cast = fmt::format("TO_TIMESTAMP_NTZ({{}}, {})", scale)};
  }
  return {.type = fmt::format("TIMESTAMP_TZ({})", scale),
          .loaded = fmt::format("TIMESTAMP_NTZ({})", scale),
          .note = "needs a session with TIMEZONE = 'UTC'",
          .cast = fmt::format("{{}}::TIMESTAMP_TZ({})", scale)};
}

Rule snowflake_rule(const LogicalType& type) {
  switch (type.kind) {
    case Kind::uint64:
      return {.type = "NUMBER(20,0)",
              .loaded = "NUMBER(38,0)",
              .status = Status::warn,
              .note = "values from 2^63 on may be taken for negative ones: compare",
              .cast = "{}::NUMBER(20,0)"};
    case Kind::decimal:
      if (type.precision <= 38) return {.type = decimal_as("NUMBER", type)};
      return cannot("TEXT", "more than 38 digits: export it as text");
    case Kind::time:
      return {.type = "TIME(6)",
              .loaded = "NUMBER(38,0)",
              .note = "loaded as microseconds since midnight",
              .cast = "TIMEADD('microsecond', {}, '00:00:00'::TIME(6))"};
    case Kind::timestamp: return snowflake_timestamp(type, false);
    case Kind::timestamp_tz: return snowflake_timestamp(type, true);
    case Kind::json: return {.type = "VARIANT", .loaded = "TEXT", .note = "loaded as text", .cast = "PARSE_JSON({})"};
    case Kind::uuid:
      return {.type = "TEXT",
              .loaded = "BINARY",
              .note = "loaded as 16 bytes",
              .cast =
                  "REGEXP_REPLACE(LOWER(HEX_ENCODE({})), '^(.{{8}})(.{{4}})(.{{4}})(.{{4}})(.{{12}})$', "
                  "'\\\\1-\\\\2-\\\\3-\\\\4-\\\\5')"};
    case Kind::list: return {.type = "ARRAY", .loaded = "VARIANT", .note = "loaded as a variant", .cast = "{}::ARRAY"};
    default: return {.type = "TEXT"};
  }
}

Rule clickhouse_rule(const LogicalType& type) {
  switch (type.kind) {
    case Kind::uint64: return {.type = "UInt64"};
    case Kind::decimal: return {.type = fmt::format("Decimal({}, {})", type.precision, type.scale)};
    case Kind::time:
      return {.type = "Int64", .status = Status::warn, .note = "microseconds since midnight: no type has them"};
    case Kind::timestamp: return {.type = is_nano(type) ? "DateTime64(9)" : "DateTime64(6)"};
    case Kind::timestamp_tz: return {.type = is_nano(type) ? "DateTime64(9, 'UTC')" : "DateTime64(6, 'UTC')"};
    case Kind::json: return {.type = "JSON", .loaded = "String", .note = "loaded as text", .cast = "CAST({}, 'JSON')"};
    case Kind::uuid:
      return {.type = "UUID",
              .loaded = "FixedString(16)",
              .note = "loaded as 16 bytes",
              .cast = "toUUID(UUIDNumToString({}))"};
    case Kind::list: {
      auto rule = rule_of(Target::clickhouse, *type.element);
      const auto loaded = rule.loaded.empty() ? rule.type : rule.loaded;
      rule.type = fmt::format("Array(Nullable({}))", rule.type);
      rule.loaded = fmt::format("Array(Nullable({}))", loaded);
      if (rule.loaded == rule.type) rule.loaded.clear();
      if (!rule.cast.empty()) rule.cast = "arrayMap(e -> " + fmt::format(fmt::runtime(rule.cast), "e") + ", {})";
      return rule;
    }
    default: return {.type = "String"};
  }
}

Rule rule_of(Target target, const LogicalType& type) {
  if (auto same = same_everywhere(target, type.kind)) return std::move(*same);
  switch (target) {
    case Target::duckdb: return duckdb_rule(type);
    case Target::bigquery: return bigquery_rule(type);
    case Target::snowflake: return snowflake_rule(type);
    case Target::clickhouse: return clickhouse_rule(type);
  }
  return {};
}

struct TargetRow {
  std::string_view name, short_name;
  char quote;
  std::string_view escaped_quote;
};
constexpr std::array<TargetRow, 4> kTargets{{
    {"duckdb", "duck", '"', "\"\""},
    {"bigquery", "bq", '`', "\\`"},
    {"snowflake", "sf", '"', "\"\""},
    {"clickhouse", "ch", '`', "\\`"},
}};

const TargetRow& row_of(Target target) { return kTargets[static_cast<std::size_t>(target)]; }

/// As an identifier. The two that quote with backquotes know escapes, so that a backslash is one too.
std::string quoted(Target target, std::string_view name) {
  const auto& row = row_of(target);
  std::string out(1, row.quote);
  for (const char c : name) {
    if (c == row.quote) {
      out += row.escaped_quote;
    } else if (row.quote == '`' && (c == '\\' || c == '\n')) {
      out += c == '\n' ? "\\n" : "\\\\";
    } else {
      out += c;
    }
  }
  return out + row.quote;
}

/// What a comment may hold: nothing that ends it.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return out;
}

/// Status and note that the column's fidelity allows at best.
void hold_to_fidelity(const Column& column, TargetColumn& out) {
  const auto at_least = [&](Status status, const std::string& why) {
    if (out.status < status) out.status = status;
    out.note += (out.note.empty() ? "" : "; ") + (column.warning.empty() ? why : column.warning);
  };
  if (column.fidelity == Fidelity::lossy) at_least(Status::warn, "the source's type is not carried exactly");
  if (column.fidelity == Fidelity::unsupported) at_least(Status::fail, "the source's type is not supported");
}

std::string load_hint(Target target, const std::string& staging) {
  switch (target) {
    case Target::bigquery:
      return fmt::format("bq load --autodetect --parquet_enable_list_inference --source_format=PARQUET {} <parquet>",
                         one_line(staging));
    case Target::snowflake:
      return fmt::format(
          "create table {} by INFER_SCHEMA, then COPY INTO it with FILE_FORMAT = (TYPE = PARQUET "
          "BINARY_AS_TEXT = FALSE) MATCH_BY_COLUMN_NAME = CASE_SENSITIVE",
          one_line(staging));
    default: return fmt::format("create table {} from file('<parquet>', Parquet), engine MergeTree", one_line(staging));
  }
}

}  // namespace

std::string_view name_of(Target target) { return row_of(target).name; }

std::optional<Target> parse_target(std::string_view word) {
  for (std::size_t i = 0; i < kTargets.size(); ++i) {
    if (word == kTargets[i].name || word == kTargets[i].short_name) return static_cast<Target>(i);
  }
  return std::nullopt;
}

std::string_view name_of(TargetStatus status) {
  constexpr std::array<std::string_view, 3> names{"ok", "warn", "fail"};
  return names[static_cast<std::size_t>(status)];
}

TargetColumn target_column(Target target, const Column& column) {
  auto rule = rule_of(target, column.type);
  TargetColumn out{.column_name = column.name,
                   .target_type = rule.type,
                   .autoload_type = rule.loaded.empty() ? rule.type : rule.loaded,
                   .status = rule.status,
                   .note = std::move(rule.note),
                   .cast_sql = {}};
  if (!rule.cast.empty()) out.cast_sql = fmt::format(fmt::runtime(rule.cast), quoted(target, column.name));
  hold_to_fidelity(column, out);
  return out;
}

std::vector<TargetColumn> target_columns(Target target, const Columns& columns) {
  std::vector<TargetColumn> out;
  out.reserve(columns.size());
  for (const auto& column : columns) out.push_back(target_column(target, column));
  return out;
}

std::string recovery_sql(Target target, std::string_view table, const std::vector<TargetColumn>& columns) {
  if (target == Target::duckdb) return "";
  const auto staging = std::string(table) + "__staging";
  std::string list;
  for (const auto& column : columns) {
    const auto name = quoted(target, column.column_name);
    list += list.empty() ? "  " : ",\n  ";
    list += column.cast_sql.empty() ? name : fmt::format("{} AS {}", column.cast_sql, name);
  }
  const auto* const create =
      target == Target::clickhouse
          ? "CREATE OR REPLACE TABLE {} ENGINE = MergeTree ORDER BY tuple() AS\nSELECT\n{}\nFROM {};"
          : "CREATE OR REPLACE TABLE {} AS\nSELECT\n{}\nFROM {};";
  return fmt::format("-- 1) {}\n-- 2) recover native types:\n", load_hint(target, staging)) +
         fmt::format(fmt::runtime(create), quoted(target, table), list, quoted(target, staging));
}

}  // namespace rivet::model
