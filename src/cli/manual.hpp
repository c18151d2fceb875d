// SPDX-License-Identifier: Apache-2.0
// The manual page, made from the command line's own description.
#pragma once

#include <string>

#include "cli/command_line_model.hpp"

namespace rivet::cli {

/// rivet(1) as roff with the man macros.
std::string manual_page(const CommandModel& root);

}  // namespace rivet::cli
