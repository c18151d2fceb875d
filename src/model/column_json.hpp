// SPDX-License-Identifier: Apache-2.0
// Columns as JSON: in the manifest, in the stored plan and as the drift baseline.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "model/column.hpp"

namespace rivet::model {

/// `[{name, type, native_type, nullable}]` and, where they say something, `fidelity`, `warning` and `added`.
nlohmann::ordered_json to_json(const Columns& columns);
/// Reads it back. Error kind data, naming the column by its position.
Result<Columns> columns_from_json(const nlohmann::json& json);

/// The same as text.
std::string columns_to_json_text(const Columns& columns);
Result<Columns> columns_from_json_text(std::string_view text);

}  // namespace rivet::model
