// SPDX-License-Identifier: Apache-2.0
// The fish script: one `complete` line for each command and option.
#include "cli/completion_scripts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rivet::cli {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

constexpr std::string_view kFunctions = R"sh(
# True when the words before the cursor name exactly this command.
function __rivet_at
    set -l path
    set -l tokens (commandline -opc)
    set -e tokens[1]
    for token in $tokens
        set -l longer (string join -- ' ' $path $token)
        contains -- "$longer" $__rivet_paths; and set path $longer
    end
    test "$path" = "$argv[1]"
end

function __rivet_exports
    set -l tokens (commandline -opc)
    set -l config
    for i in (seq (count $tokens))
        switch $tokens[$i]
            case -c --config
                set -l next (math $i + 1)
                test $next -le (count $tokens); and set config $tokens[$next]
            case '--config=*'
                set config (string replace -- --config= '' $tokens[$i])
        end
    end
    test -n "$config"; and $tokens[1] )sh";

std::string functions(const CommandModel& root) {
  std::vector<std::string> paths;
  for (const auto* command : available_commands(root)) {
    if (!command->path.empty()) paths.push_back(quoted(command->path));
  }
  return fmt::format("set -g __rivet_paths {}\n{}{} $config 2>/dev/null\nend\n\ncomplete -c rivet -f\n",
                     fmt::join(paths, " "), kFunctions, kExportNamesCommand);
}

/// The part of a line that says what a value may be.
std::string value_of(const OptionModel& option) {
  if (option.is_flag()) return "";
  const auto* requires_value = option.positional ? "" : " -r";
  if (!option.choices.empty())
    return fmt::format("{} -f -a {}", requires_value, quoted(fmt::format("{}", fmt::join(option.choices, " "))));
  if (option.takes_file) return fmt::format("{} -F", requires_value);
  return option.takes_export ? " -r -f -a '(__rivet_exports)'" : fmt::format("{} -f", requires_value);
}

std::string option_line(const std::string& condition, const OptionModel& option) {
  std::string names;
  if (!option.positional) {
    for (const auto& name : option.names) {
      names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
  }
  return fmt::format("complete -c rivet{}{}{} -d {}\n", condition, names, value_of(option), quoted(option.description));
}

std::string lines_of(const CommandModel& command) {
  const auto condition = fmt::format(" -n {}", quoted(fmt::format("__rivet_at '{}'", command.path)));
  std::string out;
  for (const auto& below : command.commands) {
    if (!below.available) continue;
    out += fmt::format("complete -c rivet{} -a {} -d {}\n", condition, below.name, quoted(below.description));
  }
  for (const auto& option : command.options) out += option_line(condition, option);
  return out;
}

}  // namespace

std::string fish_completions(const CommandModel& root) {
  auto out = "# fish completion of rivet " RIVET_VERSION "; made by `rivet completions fish`\n\n" + functions(root);
  for (const auto& option : root.options) out += option_line("", option);
  auto rest = root;
  rest.options.clear();
  for (const auto* command : available_commands(rest)) {
    auto own = *command;
    std::erase_if(own.options, [](const OptionModel& option) { return option.name() == "--help"; });
    out += lines_of(own);
  }
  return out;
}

}  // namespace rivet::cli
