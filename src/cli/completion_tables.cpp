// SPDX-License-Identifier: Apache-2.0
// Tables as case statements, which bash and zsh read alike.
#include "cli/completion_scripts.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rivet::cli {
namespace {

std::string kind_of(const OptionModel& option) {
  if (!option.choices.empty()) return fmt::format("words {}", fmt::join(option.choices, " "));
  if (option.takes_file) return "file";
  return option.takes_export ? "export" : "any";
}

std::vector<std::string> names_of(const std::vector<CommandModel>& commands) {
  std::vector<std::string> out;
  for (const auto& command : commands) {
    if (command.available) out.push_back(command.name);
  }
  return out;
}

std::vector<std::string> dashed_names(const std::vector<OptionModel>& options) {
  std::vector<std::string> out;
  for (const auto& option : options) {
    if (!option.positional) out.insert(out.end(), option.names.begin(), option.names.end());
  }
  return out;
}

/// `"$1"` is the command's path.
std::string table(std::string_view name, const CommandModel& root, auto&& words_of) {
  auto out = fmt::format("{}() {{\n  case \"$1\" in\n", name);
  for (const auto* command : available_commands(root)) {
    const std::vector<std::string> words = words_of(*command);
    if (!words.empty()) out += fmt::format("    \"{}\") printf '%s\\n' {} ;;\n", command->path, fmt::join(words, " "));
  }
  return out + "  esac\n}\n";
}

std::string value_table(const CommandModel& root) {
  std::string out = "_rivet_value() {\n  case \"$1 $2\" in\n";
  for (const auto* command : available_commands(root)) {
    for (const auto& option : command->options) {
      if (option.positional || option.is_flag()) continue;
      std::vector<std::string> patterns;
      for (const auto& name : option.names) patterns.push_back(fmt::format("\"{} {}\"", command->path, name));
      out += fmt::format("    {}) echo {} ;;\n", fmt::join(patterns, " | "), kind_of(option));
    }
  }
  return out + "  esac\n}\n";
}

std::string argument_table(const CommandModel& root) {
  std::string out = "_rivet_argument() {\n  case \"$1\" in\n";
  for (const auto* command : available_commands(root)) {
    for (const auto& option : command->options) {
      if (option.positional) out += fmt::format("    \"{}\") echo {} ;;\n", command->path, kind_of(option));
    }
  }
  return out + "  esac\n}\n";
}

}  // namespace

std::string shell_tables(const CommandModel& root) {
  return table("_rivet_commands", root, [](const CommandModel& command) { return names_of(command.commands); }) +
         table("_rivet_options", root,
               [&](const CommandModel& command) {
                 auto names = dashed_names(command.options);
                 const auto global = dashed_names(root.options);
                 for (const auto& name : global) {
                   if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
                 }
                 return names;
               }) +
         value_table(root) + argument_table(root);
}

}  // namespace rivet::cli
