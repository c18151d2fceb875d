// SPDX-License-Identifier: Apache-2.0
// What a relation is: its columns from the server's own row description, and the catalogue behind them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/postgres/connection.hpp"
#include "source/postgres/fields.hpp"
#include "source/postgres/types.hpp"
#include "source/source.hpp"

namespace rivet::source::postgres {

/// A described relation: the inventory, per column how it travels, and the fields it is made from.
struct Description {
  model::Inventory inventory;
  std::vector<Transport> transports;
  std::vector<Field> fields;
  std::vector<Field> coalesced = {};  ///< keys made of several columns that a read compares, for PredicateScope
};

/// Describes inside the current transaction; every probe is bounded by `limit`. Errors: permanent (no such table
/// or column, no columns, duplicate names), config (an override that would change values).
Result<Description> describe(Connection& connection, const model::Relation& relation,
                             const model::TypeOverrides& overrides, std::chrono::seconds limit);

/// Describes again for a read of columns that were agreed on earlier: transports, keys and what its predicate needs, no
/// sizes. Kind drift when names, native types or nullability have changed since.
Result<Description> describe_for_read(Connection& connection, const ReadRequest& request, std::chrono::seconds limit);

/// Makes the description of one read of a relation, in the same transaction, that of another: what its predicate needs.
Result<void> describe_predicate(Connection& connection, const ReadRequest& request, std::chrono::seconds limit,
                                Description& description);

}  // namespace rivet::source::postgres
