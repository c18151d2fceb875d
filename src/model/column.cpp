// SPDX-License-Identifier: Apache-2.0
// Spellings of logical types.
#include "model/column.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/hash.hpp"

namespace rivet::model {
namespace {

using Kind = LogicalKind;

constexpr std::array<std::pair<Kind, std::string_view>, 19> kNames{{
    {Kind::boolean, "boolean"}, {Kind::int16, "int16"},         {Kind::int32, "int32"},
    {Kind::int64, "int64"},     {Kind::uint64, "uint64"},       {Kind::float32, "float32"},
    {Kind::float64, "float64"}, {Kind::decimal, "decimal"},     {Kind::date, "date"},
    {Kind::time, "time"},       {Kind::timestamp, "timestamp"}, {Kind::timestamp_tz, "timestamp_tz"},
    {Kind::text, "text"},       {Kind::binary, "binary"},       {Kind::json, "json"},
    {Kind::uuid, "uuid"},       {Kind::interval, "interval"},   {Kind::enumeration, "enum"},
    {Kind::list, "list"},
}};

constexpr std::array<std::pair<std::string_view, Kind>, 41> kOverrideNames{{
    {"bool", Kind::boolean},
    {"boolean", Kind::boolean},
    {"int2", Kind::int16},
    {"smallint", Kind::int16},
    {"int16", Kind::int16},
    {"int4", Kind::int32},
    {"int", Kind::int32},
    {"integer", Kind::int32},
    {"int32", Kind::int32},
    {"int8", Kind::int64},
    {"bigint", Kind::int64},
    {"int64", Kind::int64},
    {"float4", Kind::float32},
    {"real", Kind::float32},
    {"float32", Kind::float32},
    {"float", Kind::float64},
    {"float8", Kind::float64},
    {"double", Kind::float64},
    {"double precision", Kind::float64},
    {"float64", Kind::float64},
    {"text", Kind::text},
    {"string", Kind::text},
    {"varchar", Kind::text},
    {"char", Kind::text},
    {"utf8", Kind::text},
    {"binary", Kind::binary},
    {"bytea", Kind::binary},
    {"blob", Kind::binary},
    {"bytes", Kind::binary},
    {"varbinary", Kind::binary},
    {"date", Kind::date},
    {"time", Kind::time},
    {"json", Kind::json},
    {"jsonb", Kind::json},
    {"uuid", Kind::uuid},
    {"timestamp", Kind::timestamp},
    {"datetime", Kind::timestamp},
    {"timestamp_ns", Kind::timestamp},
    {"timestamptz", Kind::timestamp_tz},
    {"timestamp_tz", Kind::timestamp_tz},
    {"timestamp_tz_ns", Kind::timestamp_tz},
}};

std::string normalised(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

/// The numbers between the parentheses of `name(p,s)`; -1 where there is none.
std::pair<int, int> parameters(std::string_view text) {
  int precision = -1, scale = -1;
  const auto open = text.find('(');
  if (open == std::string_view::npos || text.back() != ')') return {precision, scale};
  auto inner = text.substr(open + 1, text.size() - open - 2);
  const auto skip_blanks = [&] {
    while (!inner.empty() && inner.front() == ' ') inner.remove_prefix(1);
  };
  skip_blanks();
  const auto first = std::from_chars(inner.data(), inner.data() + inner.size(), precision);
  inner.remove_prefix(static_cast<std::size_t>(first.ptr - inner.data()));
  skip_blanks();
  if (inner.empty()) return {precision, 0};
  if (inner.front() != ',') return {-1, -1};
  inner.remove_prefix(1);
  skip_blanks();
  const auto second = std::from_chars(inner.data(), inner.data() + inner.size(), scale);
  inner.remove_prefix(static_cast<std::size_t>(second.ptr - inner.data()));
  skip_blanks();
  if (!inner.empty()) return {-1, -1};
  return {precision, scale};
}

Result<LogicalType> parse_decimal(std::string_view text) {
  const auto [precision, scale] = parameters(text);
  if (precision < 1 || precision > 76 || scale < 0 || scale > precision) {
    return fail(ErrorKind::config,
                fmt::format("'{}' needs a precision of 1 to 76 and a scale of 0 to the precision", text));
  }
  return LogicalType{.kind = Kind::decimal, .precision = precision, .scale = scale};
}

}  // namespace

bool LogicalType::operator==(const LogicalType& other) const {
  if (kind != other.kind || precision != other.precision || scale != other.scale || unit != other.unit) return false;
  if ((element == nullptr) != (other.element == nullptr)) return false;
  return element == nullptr || *element == *other.element;
}

std::string to_string(const LogicalType& type) {
  const auto name =
      std::find_if(kNames.begin(), kNames.end(), [&](const auto& n) { return n.first == type.kind; })->second;
  switch (type.kind) {
    case Kind::decimal: return fmt::format("decimal({},{})", type.precision, type.scale);
    case Kind::timestamp:
    case Kind::timestamp_tz: return fmt::format("{}({})", name, type.unit == TimeUnit::micro ? "us" : "ns");
    case Kind::list: return fmt::format("list<{}>", to_string(*type.element));
    default: return std::string(name);
  }
}

Result<LogicalType> parse_logical_type(std::string_view text) {
  if (text.starts_with("list<") && text.ends_with(">")) {
    auto element = TRY(parse_logical_type(text.substr(5, text.size() - 6)));
    return LogicalType{.kind = Kind::list, .element = std::make_shared<const LogicalType>(std::move(element))};
  }
  if (text.starts_with("decimal(")) return parse_decimal(text);
  LogicalType type;
  auto name = text;
  if (const auto open = text.find('('); open != std::string_view::npos) {
    name = text.substr(0, open);
    type.unit = text.substr(open) == "(ns)" ? TimeUnit::nano : TimeUnit::micro;
  }
  for (const auto& [kind, known] : kNames) {
    if (known == name && kind != Kind::list && kind != Kind::decimal) {
      type.kind = kind;
      return type;
    }
  }
  return fail(ErrorKind::config, fmt::format("'{}' is not a logical type", text));
}

Result<LogicalType> parse_override_type(std::string_view text) {
  const auto wanted = normalised(text);
  if (wanted.starts_with("decimal") || wanted.starts_with("numeric")) return parse_decimal(wanted);
  const auto base = wanted.substr(0, wanted.find('('));  // varchar(20) and char(3) mean text
  for (const auto& [name, kind] : kOverrideNames) {
    if (name != base || (base != wanted && kind != Kind::text)) continue;
    const bool nano = name.ends_with("_ns");
    return LogicalType{.kind = kind, .unit = nano ? TimeUnit::nano : TimeUnit::micro};
  }
  return fail(ErrorKind::config, fmt::format("'{}' is not a column type", text),
              "use bool, int2, int4, int8, float4, float8, decimal(p,s), text, binary, date, time, json, "
              "uuid, timestamp, timestamp_ns, timestamp_tz or timestamp_tz_ns");
}

std::string_view name_of(Fidelity fidelity) {
  constexpr std::array<std::string_view, 5> names{"exact", "compatible", "logical_string", "lossy", "unsupported"};
  return names[static_cast<std::size_t>(fidelity)];
}

std::string schema_fingerprint(const Columns& columns) {
  base::FieldHasher hasher;
  for (const auto& column : columns) hasher.add(column.name).add(to_string(column.type));
  return "xxh3:" + hasher.hex();
}

}  // namespace rivet::model
