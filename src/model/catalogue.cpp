// SPDX-License-Identifier: Apache-2.0
// Names of the kinds of relations.
#include "model/catalogue.hpp"

namespace rivet::model {

std::string_view name_of(RelationKind kind) {
  switch (kind) {
    case RelationKind::table: return "table";
    case RelationKind::partitioned_table: return "partitioned table";
    case RelationKind::view: return "view";
    case RelationKind::materialized_view: return "materialized view";
    case RelationKind::foreign_table: return "foreign table";
    case RelationKind::virtual_table: return "virtual table";
  }
  return "table";
}

}  // namespace rivet::model
