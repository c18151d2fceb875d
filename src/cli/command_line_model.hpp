// SPDX-License-Identifier: Apache-2.0
// The command line as data, read off the parser: what `schema cli`, the completions and the man page say.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace CLI {
class App;
}

namespace rivet::cli {

/// The heading under which the help lists commands that are known and refused.
inline constexpr const char* kUnavailableGroup = "Not available in this version";

/// An option, a flag (no value) or a positional argument (no dashed name).
struct OptionModel {
  std::vector<std::string> names;  ///< `-c`, `--config`; a positional's own name
  std::string description;
  std::string value;                         ///< what a value is called, `FILE`, `INT`; empty for a flag
  std::string constraint;                    ///< on the value, in words; empty when there is none
  std::vector<std::string> choices;          ///< all values there are; empty: not a closed list
  std::string default_value;                 ///< empty: none, or not worth telling
  std::vector<std::string> excludes, needs;  ///< names of other options
  bool positional = false, required = false, repeatable = false;
  bool takes_file = false;    ///< a value is a path
  bool takes_export = false;  ///< a value is the name of an export

  bool is_flag() const { return value.empty(); }
  /// The first long name, or the only one.
  const std::string& name() const;
};

/// A number of options of which some must be given.
struct OptionRule {
  std::vector<std::string> options;
  std::size_t at_least = 0, at_most = 0;  ///< at_most 0: any number
};

/// A command with its sub-commands.
struct CommandModel {
  std::string name;
  std::string path;  ///< the words behind the program's name, `state reset`; empty for the program itself
  std::string description;
  bool available = true;
  bool needs_subcommand = false;
  std::vector<OptionModel> options;
  std::vector<OptionRule> rules;
  std::vector<CommandModel> commands;
};

/// Walks the parser. Hidden options and commands are left out.
CommandModel command_line_model(CLI::App& app);

/// The command and all below it that are available, depth first.
std::vector<const CommandModel*> available_commands(const CommandModel& root);

/// An exit code and when it is returned, in order.
std::vector<std::pair<int, std::string>> exit_statuses();

/// The document of `schema cli`.
nlohmann::ordered_json to_json(const CommandModel& root);

}  // namespace rivet::cli
