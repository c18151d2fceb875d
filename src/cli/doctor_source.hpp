// SPDX-License-Identifier: Apache-2.0
// What `rivet doctor` asks of the source.
#pragma once

#include <vector>

#include "cli/context.hpp"
#include "config/config.hpp"
#include "report/doctor.hpp"

namespace rivet::cli {

/// Connects and asks: the server itself, the way to it, and whether each export may be read. Without a connection the
/// first check is the only one.
std::vector<report::DoctorCheck> check_source(const config::Config& config, const Context& context);

}  // namespace rivet::cli
