// SPDX-License-Identifier: Apache-2.0
// The list of a database's tables and views.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/catalogue.hpp"
#include "source/source.hpp"
#include "source/sqlite/connection.hpp"

namespace rivet::source::sqlite {

/// See Session::catalogue(). There is one schema, main; estimates are left to describe() and row_estimate().
Result<std::vector<model::CatalogueEntry>> list_relations(Connection& connection, const std::string& schema);

/// See Session::fault_of().
RelationFault relation_fault(const Error& error);

}  // namespace rivet::source::sqlite
