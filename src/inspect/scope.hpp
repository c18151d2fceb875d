// SPDX-License-Identifier: Apache-2.0
// Which of the relations a source lists are asked for. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/catalogue.hpp"
#include "model/relation.hpp"

namespace rivet::inspect {

/// What the user asked for. Patterns are shell globs over `table` and `schema.table`.
struct Scope {
  std::vector<model::Relation> tables = {};  ///< by name; empty: all
  std::string schema = {};                   ///< empty: all
  std::vector<std::string> include = {};     ///< empty: all
  std::vector<std::string> exclude = {};     ///< wins
};

/// What is left of the list: relations that are worth an export, and those that were named.
struct Chosen {
  std::vector<model::CatalogueEntry> entries;
  std::vector<model::CatalogueEntry> left_out;  ///< fit the scope, but are not worth an export: see their left_out
  std::vector<std::string> unused_excludes;     ///< patterns that fit nothing
};

/// Applies the scope. Kind config, with the nearest names: a table that is not there or is in several schemas, a
/// pattern under `include` that fits nothing, nothing left.
Result<Chosen> choose(const std::vector<model::CatalogueEntry>& listed, const Scope& scope);

}  // namespace rivet::inspect
