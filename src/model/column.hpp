// SPDX-License-Identifier: Apache-2.0
// What a column is: its name, what the source calls its type, and the logical type it travels as.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rivet::model {

/// The types of the one semantic layer between sources and files.
enum class LogicalKind {
  boolean,
  int16,
  int32,
  int64,
  uint64,
  float32,
  float64,
  decimal,       ///< precision up to 76, scale 0..precision
  date,          ///< days since 1970-01-01
  time,          ///< microseconds since midnight, below 24 h
  timestamp,     ///< without zone; unit says micro- or nanoseconds
  timestamp_tz,  ///< an instant, UTC
  text,
  binary,
  json,
  uuid,
  interval,     ///< ISO 8601 duration, carried as text
  enumeration,  ///< label, carried as text
  list,         ///< one-dimensional; element says of what
};

enum class TimeUnit { micro, nano };

/// A logical type with its parameters. A value; compares by content.
struct LogicalType {
  LogicalKind kind = LogicalKind::text;
  int precision = 0;                                     ///< decimal only
  int scale = 0;                                         ///< decimal only
  TimeUnit unit = TimeUnit::micro;                       ///< timestamps only
  std::shared_ptr<const LogicalType> element = nullptr;  ///< list only; never a list itself

  bool operator==(const LogicalType& other) const;
};

/// `int64`, `decimal(10,2)`, `timestamp(us)`, `timestamp_tz(ns)`, `list<text>`: the spelling used in
/// drift reports, the digest header and fingerprints. parse_logical_type reads it back.
std::string to_string(const LogicalType& type);
Result<LogicalType> parse_logical_type(std::string_view text);

/// Reads an override type as users write it in `columns:` (`decimal(10,2)`, `int8`, `timestamp_tz`, ...).
/// Error kind config for anything else.
Result<LogicalType> parse_override_type(std::string_view text);

/// How faithfully the logical type carries the native one.
enum class Fidelity { exact, compatible, logical_string, lossy, unsupported };
std::string_view name_of(Fidelity fidelity);

/// One output column.
struct Column {
  std::string name;
  std::string native_type;  ///< as the source spells it, for example `numeric(10,2)`
  LogicalType type;
  bool nullable = true;
  Fidelity fidelity = Fidelity::exact;
  std::string warning = {};  ///< why the type is not the exact one; empty when it is
  bool added = false;        ///< ours (`_rivet_*`), not the source's: outside the digest

  bool operator==(const Column&) const = default;
};

using Columns = std::vector<Column>;

/// Column name -> type the user asked for.
using TypeOverrides = std::map<std::string, LogicalType>;

/// `xxh3:<16 hex>` over names and logical types of the columns, in order.
std::string schema_fingerprint(const Columns& columns);

}  // namespace rivet::model
