// SPDX-License-Identifier: Apache-2.0
// The command line: parses it, runs the command, reports its error and returns the exit code.
#pragma once

#include "cli/context.hpp"

namespace rivet::cli {

/// Runs one command. Usage errors return 2; otherwise the code is that of the error's kind, or 0.
/// Never throws.
int run_command_line(int argc, const char* const* argv, Context& context);

}  // namespace rivet::cli
