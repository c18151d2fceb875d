// SPDX-License-Identifier: Apache-2.0
// Rows of the source that came since and are in no unit, because their keys lie beyond the ends that were planned.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/plan.hpp"
#include "source/source.hpp"

namespace rivet::verify {

/// A sentence for each end of the plan's ranges of integers or days that rows of the relation lie beyond. Only such
/// rows are read, by index; without one nothing is told. Errors of the source.
Result<std::vector<std::string>> tell_rows_beyond(source::Session& session, const model::Plan& plan,
                                                  const model::Relation& relation, const model::Inventory& inventory);

}  // namespace rivet::verify
