// SPDX-License-Identifier: Apache-2.0
// How a relation is called before people.
#include "model/relation.hpp"

namespace rivet::model {

std::string display_name(const Relation& relation) {
  if (!relation.is_table()) return "query";
  return relation.schema.empty() ? relation.table : relation.schema + "." + relation.table;
}

}  // namespace rivet::model
