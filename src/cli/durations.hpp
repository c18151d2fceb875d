// SPDX-License-Identifier: Apache-2.0
// Durations as people write them on the command line.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <CLI/App.hpp>

#include "base/result.hpp"

namespace rivet::cli {

/// `250ms`, `30s`, `5m`, `2h`, `30d`: a whole number, at most that of a hundred years, and its unit. Kind config for
/// anything else.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest form that parse_duration() reads.
std::string duration_text(std::chrono::milliseconds duration);

/// An option whose value is a duration; what stands in `value` is the default. Anything else is a usage error.
CLI::Option* add_duration(CLI::App& command, const std::string& name, std::chrono::milliseconds& value,
                          const std::string& help);

}  // namespace rivet::cli
