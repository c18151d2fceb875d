// SPDX-License-Identifier: Apache-2.0
// The table of built-in types, and the conversions that lose nothing.
#include "source/postgres/types.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace rivet::source::postgres {
namespace {

using model::Fidelity;
using model::LogicalType;
using Kind = model::LogicalKind;

constexpr Oid kNumeric = 1700;
constexpr Oid kInterval = 1186;

struct TypeRow {
  Oid oid;
  Kind kind;
  Wire wire;
  Fidelity fidelity;
};

// Object ids are fixed by the server's src/include/catalog/pg_type.dat.
constexpr std::array<TypeRow, 20> kTypes{{
    {16, Kind::boolean, Wire::boolean, Fidelity::exact},
    {21, Kind::int16, Wire::int2, Fidelity::exact},
    {23, Kind::int32, Wire::int4, Fidelity::exact},
    {20, Kind::int64, Wire::int8, Fidelity::exact},
    {26, Kind::int64, Wire::oid, Fidelity::exact},
    {700, Kind::float32, Wire::float4, Fidelity::exact},
    {701, Kind::float64, Wire::float8, Fidelity::exact},
    {1082, Kind::date, Wire::date, Fidelity::exact},
    {1083, Kind::time, Wire::time, Fidelity::exact},
    {1114, Kind::timestamp, Wire::timestamp, Fidelity::exact},
    {1184, Kind::timestamp_tz, Wire::timestamp, Fidelity::exact},
    {25, Kind::text, Wire::text, Fidelity::exact},
    {1043, Kind::text, Wire::text, Fidelity::exact},
    {1042, Kind::text, Wire::text, Fidelity::exact},
    {19, Kind::text, Wire::text, Fidelity::exact},
    {17, Kind::binary, Wire::bytea, Fidelity::exact},
    {114, Kind::json, Wire::text, Fidelity::logical_string},
    {3802, Kind::json, Wire::jsonb, Fidelity::logical_string},
    {2950, Kind::uuid, Wire::uuid, Fidelity::exact},
    {kNumeric, Kind::decimal, Wire::numeric, Fidelity::exact},
}};

const TypeRow* find_type(Oid oid) {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& row) { return row.oid == oid; });
  return found == kTypes.end() ? nullptr : &*found;
}

Transport as_text(const NativeType& native, std::string why) {
  return {.type = {.kind = Kind::text},
          .wire = Wire::text,
          .cast = "text",
          .fidelity = Fidelity::logical_string,
          .warning = fmt::format("{}: carried as exact text ({})", native.name, why)};
}

/// numeric(p,s): since version 15 the scale may be negative or exceed the precision, so both are widened
/// to the smallest decimal that holds every value.
Transport numeric_transport(const NativeType& native) {
  if (native.modifier < 4) return as_text(native, "numeric without precision and scale; set columns: decimal(p,s)");
  const int packed = native.modifier - 4;
  const int precision = (packed >> 16) & 0xFFFF;
  const int scale = ((packed & 0x7FF) ^ 1024) - 1024;
  const int carried_scale = std::max(scale, 0);
  const int carried_precision = std::max(precision - std::min(scale, 0), carried_scale);
  if (carried_precision > 76) return as_text(native, "more than 76 digits");
  return {.type = {.kind = Kind::decimal, .precision = carried_precision, .scale = carried_scale},
          .wire = Wire::numeric};
}

Transport list_of(Transport element) {
  auto type = std::make_shared<const LogicalType>(std::move(element.type));
  element.type = LogicalType{.kind = Kind::list, .element = std::move(type)};
  element.fidelity = Fidelity::compatible;
  return element;
}

Transport array_transport(const NativeType& native) {
  if (native.dimensions > 1) return as_text(native, "multi-dimensional array");
  if (native.element == kInterval) {
    return list_of({.type = {.kind = Kind::interval}, .wire = Wire::text, .cast = "text[]"});
  }
  const auto* row = find_type(native.element);
  if (row == nullptr || row->kind == Kind::decimal)
    return as_text(native, "array of a type without an exact list form");
  return list_of({.type = {.kind = row->kind}, .wire = row->wire});
}

bool is_integer(Kind kind) { return kind == Kind::int16 || kind == Kind::int32 || kind == Kind::int64; }
bool is_text_like(Kind kind) { return kind == Kind::text || kind == Kind::json || kind == Kind::enumeration; }
bool is_timestamp(Kind kind) { return kind == Kind::timestamp || kind == Kind::timestamp_tz; }

/// Conversions our decoders make themselves and refuse cell by cell when one would not be exact.
bool decodes_exactly(Wire wire, const LogicalType& wanted) {
  switch (wire) {
    case Wire::int2:
    case Wire::int4:
    case Wire::int8:
    case Wire::oid:
    case Wire::numeric: return is_integer(wanted.kind) || wanted.kind == Kind::decimal;
    case Wire::float4:
    case Wire::float8: return wanted.kind == Kind::float32 || wanted.kind == Kind::float64;
    case Wire::timestamp: return is_timestamp(wanted.kind);
    case Wire::text: return is_text_like(wanted.kind) || wanted.kind == Kind::binary;
    case Wire::jsonb: return wanted.kind == Kind::json || wanted.kind == Kind::text;
    case Wire::boolean: return wanted.kind == Kind::boolean;
    case Wire::date: return wanted.kind == Kind::date;
    case Wire::time: return wanted.kind == Kind::time;
    case Wire::bytea: return wanted.kind == Kind::binary;
    case Wire::uuid: return wanted.kind == Kind::uuid;
  }
  return false;
}

struct ServerCast {
  Kind kind;
  Wire wire;
  std::string_view sql;
  std::string_view keeps = {};
};

// The server rounds what it cannot hold, and drops the part of a text that the type has no place for. The session's
// zone is UTC, so that a text without a zone is equal to itself with one.
constexpr std::string_view kKeepsDate =
    "{0}::timestamptz = {0}::date::timestamptz AND {0} !~ '[.,][0-9]{{6}}[0-9]*[1-9]'";
constexpr std::string_view kKeepsTime =
    "{0} ~* '^ *[0-9]{{1,2}}(:?[0-9]{{2}}){{1,2}}([.,][0-9]{{1,6}}0*)? *([ap]m)? *$'";
constexpr std::string_view kKeepsTimestamp =
    "{0}::timestamptz = {0}::timestamp::timestamptz AND {0} !~ '[.,][0-9]{{6}}[0-9]*[1-9]'";
constexpr std::string_view kKeepsInstant = "{0} !~ '[.,][0-9]{{6}}[0-9]*[1-9]'";

// From text the server parses exactly or raises an error; where it does neither, `keeps` says when it does.
constexpr std::array<ServerCast, 12> kCastsFromText{{
    {Kind::boolean, Wire::boolean, "boolean"},
    {Kind::int16, Wire::int2, "int2"},
    {Kind::int32, Wire::int4, "int4"},
    {Kind::int64, Wire::int8, "int8"},
    {Kind::float32, Wire::float4, "float4"},
    {Kind::float64, Wire::float8, "float8"},
    {Kind::decimal, Wire::numeric, "numeric"},
    {Kind::date, Wire::date, "date", kKeepsDate},
    {Kind::time, Wire::time, "time", kKeepsTime},
    {Kind::timestamp, Wire::timestamp, "timestamp", kKeepsTimestamp},
    {Kind::timestamp_tz, Wire::timestamp, "timestamptz", kKeepsInstant},
    {Kind::uuid, Wire::uuid, "uuid"},
}};

/// The wire format of a type as it arrives without a cast; none when we only know it as text.
std::optional<Wire> native_wire(const NativeType& native) {
  if (native.category == 'e') return Wire::text;
  const auto* row = find_type(native.oid);
  if (row == nullptr) return std::nullopt;
  return row->wire;
}

}  // namespace

Transport transport_of(const NativeType& native) {
  if (native.is_domain) return as_text(native, "domain");
  if (native.element != 0) return array_transport(native);
  if (native.oid == kNumeric) return numeric_transport(native);
  if (native.oid == kInterval) {
    return {.type = {.kind = Kind::interval}, .wire = Wire::text, .cast = "text", .fidelity = Fidelity::compatible};
  }
  if (native.category == 'e') {
    return {.type = {.kind = Kind::enumeration}, .wire = Wire::text, .fidelity = Fidelity::compatible};
  }
  if (const auto* row = find_type(native.oid)) {
    return {.type = {.kind = row->kind}, .wire = row->wire, .fidelity = row->fidelity};
  }
  return as_text(native, "no exact Arrow type");
}

Result<Transport> transport_of(const NativeType& native, const LogicalType& wanted) {
  const auto wire = native_wire(native);
  if (wire && decodes_exactly(*wire, wanted)) return Transport{.type = wanted, .wire = *wire};
  if (wanted.kind == Kind::text) return Transport{.type = wanted, .wire = Wire::text, .cast = "text"};
  if (wanted.kind == Kind::json && !wire) return Transport{.type = wanted, .wire = Wire::text, .cast = "text"};
  if (wire == Wire::text) {
    for (const auto& cast : kCastsFromText) {
      if (cast.kind != wanted.kind) continue;
      return Transport{
          .type = wanted, .wire = cast.wire, .cast = std::string(cast.sql), .keeps = std::string(cast.keeps)};
    }
  }
  return fail(ErrorKind::config,
              fmt::format("{} cannot be carried as {} without changing values", native.name, model::to_string(wanted)),
              "use text, or cast in the query");
}

}  // namespace rivet::source::postgres
