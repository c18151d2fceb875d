// SPDX-License-Identifier: Apache-2.0
// Where the affinity of a column says nothing about the values in it.
#pragma once

#include "base/result.hpp"
#include "source/sqlite/connection.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace rivet::source::sqlite {

/// Whether a column of what stands behind FROM may hold values that its affinity would convert, because they are those
/// of the other SELECT of a UNION, or of a virtual table. A comparison would convert some of them, an ORDER BY none,
/// and a condition that is pushed down into a SELECT would follow that one's affinity.
Result<bool> has_loose_affinity(Connection& connection, const std::string& from);

/// The index of the first of `columns` columns that turns integers into reals when it is read through a derived table.
Result<std::optional<std::size_t>> find_real_affinity(Connection& connection, const std::string& from,
                                                      std::size_t columns);

}  // namespace rivet::source::sqlite
