// SPDX-License-Identifier: Apache-2.0
// Completion scripts, made from the command line's own description.
#pragma once

#include <string>

#include "cli/command_line_model.hpp"

namespace rivet::cli {

/// The hidden command by which the scripts ask for the names of the exports of a configuration file.
inline constexpr const char* kExportNamesCommand = "complete-exports";

/// A script for `source` or a completions folder. Commands that are not available are not offered.
std::string bash_completions(const CommandModel& root);
/// A script for a folder of zsh's fpath, as `_rivet`, or for `source` after compinit.
std::string zsh_completions(const CommandModel& root);
/// A script for fish's completions folder.
std::string fish_completions(const CommandModel& root);

/// Shell functions that bash and zsh have in common; both set `path` to the words of the command before they ask.
///   _rivet_commands PATH   the sub-commands, one a line
///   _rivet_options PATH    the options
///   _rivet_value PATH OPTION   what its value is: `file`, `export`, `any` or `words a b`; nothing for a flag
///   _rivet_argument PATH   the same for a positional argument
std::string shell_tables(const CommandModel& root);

}  // namespace rivet::cli
