// SPDX-License-Identifier: Apache-2.0
// Values that are not what their column's declaration says, which SQLite allows.
#pragma once

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/sqlite/connection.hpp"

namespace rivet::source::sqlite {

/// See Session::misfits(). Columns whose every value has an exact text become text; those with blobs among other
/// values, or with text that is no Unicode, are read as the bytes of each value. REQUIRES: `columns` are those of
/// describe().
Result<model::Misfits> find_misfits(Connection& connection, const model::Relation& relation,
                                    const model::Columns& columns);

}  // namespace rivet::source::sqlite
