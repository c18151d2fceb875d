// SPDX-License-Identifier: Apache-2.0
// What changed in an export's schema since its last published run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/column.hpp"
#include "model/journal.hpp"
#include "model/plan.hpp"

namespace rivet::inspect {

/// Added, removed and retyped columns; nothing when the schema is the same. The order of columns is not compared.
std::optional<model::journal::SchemaChanged> compare_schemas(const model::Columns& before, const model::Columns& now);

/// Kind drift, with the way out, when a column of the cursor has another native type than in the last published run,
/// and one whose values are not in the same order: what is new could not be told by the cursor that was reached.
Result<void> check_cursor_types(const model::Columns& before, const model::Columns& now,
                                const model::Incremental& incremental, const std::string& export_name);

/// One line for every text column whose longest value grew to `factor` times that of earlier runs, in bytes; none when
/// `factor` is 0. Columns without earlier values are not compared.
std::vector<std::string> compare_shapes(const std::map<std::string, std::int64_t>& before,
                                        const std::map<std::string, std::int64_t>& now, double factor);

}  // namespace rivet::inspect
