// SPDX-License-Identifier: Apache-2.0
// What an export reads: `query`, `query_file` or `table`.
#pragma once

#include "base/result.hpp"
#include "config/context.hpp"
#include "config/section.hpp"
#include "model/relation.hpp"

#include <string>
#include <string_view>

namespace rivet::config {

/// The statement without what only ends it: semicolons and white space.
std::string without_end(std::string text);

/// Reads the one of the three that must be there; none, several and `tables` are reported.
model::Relation read_relation(Section& section, Context& context);

/// Reads `table` or `schema.table`. A part in double quotes may hold dots; a quote within is doubled.
Result<model::Relation> parse_table_name(std::string_view text);

/// The table as parse_table_name() reads it back. REQUIRES: relation.is_table().
std::string spelled_table_name(const model::Relation& relation);

}  // namespace rivet::config
