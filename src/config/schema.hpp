// SPDX-License-Identifier: Apache-2.0
// The configuration file's JSON Schema, for editors.
#pragma once

#include <nlohmann/json.hpp>

#include "config/shape.hpp"

namespace rivet::config {

/// What the readers accept, found out by letting them read files that lead them everywhere.
Shape shape_of_configuration();

/// That as a JSON Schema of draft 2020-12. It uses only words that draft-07 has as well, because editors read it as
/// that. It knows single values; what only shows between keys is for `load` to find.
nlohmann::ordered_json configuration_schema();

}  // namespace rivet::config
