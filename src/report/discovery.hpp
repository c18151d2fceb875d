// SPDX-License-Identifier: Apache-2.0
// The document of `rivet init --discover`.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "model/discovery.hpp"

namespace rivet::report {

/// What was found, for scripts: fields are only ever added. `tls_mode` is left out when empty.
nlohmann::ordered_json discovery_json(const model::Discovery& discovery, const std::string& rivet_version,
                                      const std::string& tls_mode);

}  // namespace rivet::report
