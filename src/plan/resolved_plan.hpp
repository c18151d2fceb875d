// SPDX-License-Identifier: Apache-2.0
// An export with everything that was decided about it, in the shape that users' scripts read from plan files.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "config/config.hpp"
#include "model/plan.hpp"

namespace rivet::plan {

/// For reading by people and scripts only. `source` is the definition's.
nlohmann::ordered_json resolved_plan(const config::Export& entry, const model::Plan& plan,
                                     const nlohmann::ordered_json& source);

}  // namespace rivet::plan
