// SPDX-License-Identifier: Apache-2.0
// Keys and bounds of a relation with the types that the server gives them.
#pragma once

#include <chrono>
#include <vector>

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/postgres/connection.hpp"
#include "source/postgres/fields.hpp"
#include "source/postgres/predicate.hpp"

namespace rivet::source::postgres {

/// The columns of the key, or for a coalesced one the single field that they make. The server is only asked when their
/// types differ. Errors: permanent (no such column, types that cannot be matched).
Result<std::vector<Field>> describe_key(Connection& connection, const model::Relation& relation,
                                        const std::vector<Field>& fields, const model::KeyColumns& key,
                                        std::chrono::seconds limit);

/// The field of each coalesced key in the terms, for PredicateScope. Errors: those of describe_key().
Result<std::vector<Field>> describe_coalesced(Connection& connection, const model::Relation& relation,
                                              const std::vector<Field>& fields, const model::Predicate& predicate,
                                              std::chrono::seconds limit);

/// The relation with its bounds. Errors: those of describe_key() and row_source().
Result<RowSource> describe_rows(Connection& connection, const model::Relation& relation,
                                const std::vector<Field>& fields, std::chrono::seconds limit);

}  // namespace rivet::source::postgres
