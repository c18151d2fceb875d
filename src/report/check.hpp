// SPDX-License-Identifier: Apache-2.0
// The report of `rivet check`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.hpp"
#include "model/plan.hpp"
#include "model/preflight.hpp"
#include "model/targets.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// The partitions of an export; what else is said of it holds for one of them.
struct PartitionGroup {
  std::string column;
  std::int64_t count = 0;
  std::string first, last, typical;  ///< names of the partitions; `typical` is the one that was looked at
};

/// What `--strict` refuses.
struct Violation {
  std::string column, message;
};

/// One export, as far as it could be looked at.
struct CheckedExport {
  std::string export_name;
  std::optional<PartitionGroup> partitions = {};
  std::string window = {};  ///< of a time_window export: what it reads
  std::optional<model::Plan> plan = {};
  std::optional<model::Preflight> preflight = {};
  std::vector<std::string> schema_changes = {};  ///< since the last run
  std::optional<model::Target> target = {};
  std::vector<model::TargetColumn> target_columns = {};
  std::vector<Violation> violations = {};
  std::optional<base::Error> error = {};  ///< why a run would refuse it
};

/// What of it is printed.
struct CheckView {
  bool types = false;  ///< the table of columns
  Style style = {};
};

/// A type as users write it in `columns:`, and the names of those that cannot be written there.
std::string rivet_type_name(const model::LogicalType& type);

/// For people: the look at the source, then the types.
std::string check_text(const CheckedExport& checked, const CheckView& view);

/// For programs, one object.
nlohmann::ordered_json check_json(const CheckedExport& checked);

}  // namespace rivet::report
