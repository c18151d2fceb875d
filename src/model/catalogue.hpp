// SPDX-License-Identifier: Apache-2.0
// What a source has to offer, relation by relation, before any of them is looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/relation.hpp"

namespace rivet::model {

enum class RelationKind { table, partitioned_table, view, materialized_view, foreign_table, virtual_table };

/// `table`, `partitioned table`, ...: for people and for JSON.
std::string_view name_of(RelationKind kind);

/// One relation as the catalogue lists it.
struct CatalogueEntry {
  std::string schema, name;
  RelationKind kind = RelationKind::table;
  std::optional<std::int64_t> row_estimate = {};  ///< from statistics, of all partitions; nothing when there are none
  std::optional<std::int64_t> total_bytes = {};   ///< with its indexes
  bool needs_schema = false;                      ///< without its schema another relation is found, or none
  std::string left_out = {};                      ///< why it is not worth an export of its own; empty when it is
  std::string unreadable = {};  ///< why this user cannot read it now, with the way out; empty when that is not known
  std::vector<std::string> notes = {};  ///< what else should be known before it is exported

  /// As describe() and read() take it.
  Relation relation() const { return {.schema = schema, .table = name}; }
};

}  // namespace rivet::model
