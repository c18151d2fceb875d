// SPDX-License-Identifier: Apache-2.0
// Tells the receivers that a configuration names how its exports ended.
#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "config/config.hpp"
#include "report/outcome.hpp"

namespace rivet::cli {

/// Sends one notification for each entry of `exports:` that has outcomes, partitions put together, to whom the
/// configuration names. For commands that run exports, to be called once, by the process that reports, after its cards
/// were printed and when the threads that ran them are gone. What cannot be sent is a warning on the screen; the
/// command's result does not depend on it. `config_path` is the file as the user wrote it.
void notify_receivers(const config::Config& config, const std::string& config_path,
                      const std::vector<report::RunOutcome>& outcomes, Context& context);

}  // namespace rivet::cli
