// SPDX-License-Identifier: Apache-2.0
// Arrow types in words.
#pragma once

#include <string>

#include "model/column.hpp"

namespace rivet::report {

/// The Arrow type that carries a logical type, as scripts know it: `Decimal128(10, 2)`,
/// `Timestamp(Microsecond, Some("UTC"))`, `List(Int64)`.
std::string arrow_name(const model::LogicalType& type);

}  // namespace rivet::report
