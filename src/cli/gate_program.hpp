// SPDX-License-Identifier: Apache-2.0
// A program of the user's, asked by its exit code.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/child_process.hpp"

namespace rivet::cli {

/// How it ended, and the last line that it wrote to stdout or stderr.
struct ProgramEnd {
  ChildEnd end;
  std::string last_words;
};

/// Runs the program, found as a shell would find it, with no input, in `folder`. A stop request goes to it and its
/// children as SIGTERM; then kind cancelled. Kind config when it cannot be started. REQUIRES: arguments are not empty.
Result<ProgramEnd> run_program(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                               const std::stop_token& stop);

}  // namespace rivet::cli
