// SPDX-License-Identifier: Apache-2.0
// The server's refusal of a cell that an override has it cast, told as the column's trouble.
#pragma once

#include "base/error.hpp"
#include "source/postgres/copy_stream.hpp"

namespace rivet::source::postgres {

/// Makes an error of the plan's COPY RIVET_VALUE_UNREPRESENTABLE (permanent) when the server could not cast a value for
/// an override, and names the columns it may have come from: the server tells a type and no column. Others stay as
/// they are.
void name_column_of_cast(base::Error& error, const CopyPlan& plan);

}  // namespace rivet::source::postgres
