// SPDX-License-Identifier: Apache-2.0
// The list of a database's relations, for people who do not yet know what they want of it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/catalogue.hpp"
#include "source/postgres/connection.hpp"
#include "source/source.hpp"

namespace rivet::source::postgres {

/// See Session::catalogue(). One statement; sizes and rows of a partitioned table are those of its partitions.
Result<std::vector<model::CatalogueEntry>> list_relations(Connection& connection, const std::string& schema,
                                                          std::chrono::seconds limit);

/// See Session::fault_of().
RelationFault relation_fault(const Error& error);

}  // namespace rivet::source::postgres
