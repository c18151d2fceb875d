// SPDX-License-Identifier: Apache-2.0
// What changed in an export's schema since its last published run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/column.hpp"
#include "model/journal.hpp"

namespace rivet::run {

/// Added, removed and retyped columns; nothing when the schema is the same. The order of columns is not compared.
std::optional<model::journal::SchemaChanged> compare_schemas(const model::Columns& before, const model::Columns& now);

/// One line per change, for people.
std::vector<std::string> to_lines(const model::journal::SchemaChanged& change);

}  // namespace rivet::run
