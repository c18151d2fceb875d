// SPDX-License-Identifier: Apache-2.0
// What warehouses make of our Parquet files: the type that a column deserves there, the one that a plain load gives it,
// and the statement between the two. Rules, no connections.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/column.hpp"

namespace rivet::model {

enum class Target { duckdb, bigquery, snowflake, clickhouse };

/// `bigquery` and so on.
std::string_view name_of(Target target);
/// Also by the short names `bq`, `duck`, `sf`, `ch`; nothing for another word.
std::optional<Target> parse_target(std::string_view word);

enum class TargetStatus { ok, warn, fail };
std::string_view name_of(TargetStatus status);

/// A column as a warehouse sees it.
struct TargetColumn {
  std::string column_name;
  std::string target_type;    ///< to declare there; empty when no type there holds the values
  std::string autoload_type;  ///< what loading the file without a schema gives
  TargetStatus status = TargetStatus::ok;
  std::string note;      ///< what to know; empty when both types are the same
  std::string cast_sql;  ///< from the loaded column to the target type; empty when nothing is to be done

  bool operator==(const TargetColumn&) const = default;
};

/// Never better than the fidelity of the column: what the source's type lost is not there for the target either.
TargetColumn target_column(Target target, const Column& column);
std::vector<TargetColumn> target_columns(Target target, const Columns& columns);

/// How to load into a staging table and make the table with its proper types from it, as SQL with comments; empty for
/// a target that needs no such step. Names are quoted as the target wants it.
std::string recovery_sql(Target target, std::string_view table, const std::vector<TargetColumn>& columns);

}  // namespace rivet::model
