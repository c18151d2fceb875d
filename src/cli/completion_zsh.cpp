// SPDX-License-Identifier: Apache-2.0
// The zsh script: the tables of bash, and descriptions beside what is offered.
#include "cli/completion_scripts.hpp"

#include <fmt/format.h>

namespace rivet::cli {
namespace {

constexpr std::string_view kFunctions = R"sh(
# Sets `path_words` to the words of the command before the cursor, and `config` to the value of -c.
_rivet_look_back() {
  local i word before=""
  path_words="" config=""
  for ((i = 2; i < CURRENT; i++)); do
    word="${words[i]}"
    if [[ $before == -* && -n "$(_rivet_value "$path_words" "$before")" ]]; then
      if [[ $before == -c || $before == --config ]]; then config="${(Q)word}"; fi
      before=""
      continue
    fi
    if [[ $word == --config=* ]]; then config="${(Q)word#--config=}"; fi
    if [[ $word != -* ]] && _rivet_commands "$path_words" | grep -qxF -- "$word"; then
      path_words="${path_words:+$path_words }$word"
    fi
    before="$word"
  done
}

_rivet_offer() {
  local -a found
  case "$1" in
    words\ *) found=(${=1#words }); compadd -a found ;;
    file) _files ;;
    export)
      if [[ -n $config ]]; then
        found=("${(@f)$("${words[1]}" @EXPORTS@ "${config/#\~/$HOME}" 2>/dev/null)}")
        compadd -a found
      fi ;;
  esac
}

_rivet() {
  local path_words config kind option="${words[CURRENT-1]}"
  local -a described
  if [[ ${words[CURRENT]} == --*=* ]]; then
    option="${words[CURRENT]%%=*}"
    compset -P 1 '*='
  fi
  _rivet_look_back
  kind="$(_rivet_value "$path_words" "$option")"
  if [[ -n $kind ]]; then
    _rivet_offer "$kind"
  elif [[ $PREFIX == -* ]]; then
    described=("${(@f)$(_rivet_described_options "$path_words")}")
    _describe -o option described
  else
    described=("${(@f)$(_rivet_described_commands "$path_words")}")
    if [[ -n $described ]]; then _describe command described; fi
    _rivet_offer "$(_rivet_argument "$path_words")"
  fi
}

if [[ $funcstack[1] == _rivet ]]; then
  _rivet "$@"
else
  compdef _rivet rivet
fi
)sh";

/// One `name:description` of _describe, in single quotes.
std::string described(const std::string& name, const std::string& description) {
  std::string out = "'";
  const auto add = [&](std::string_view text, bool escapes_colons) {
    for (const char c : text) {
      if (c == '\'') {
        out += "'\\''";
      } else {
        if (c == '\\' || (c == ':' && escapes_colons)) out += '\\';
        out += c;
      }
    }
  };
  add(name, true);
  out += ':';
  add(description, false);
  return out + "'";
}

std::string commands_table(const CommandModel& root) {
  std::string out = "_rivet_described_commands() {\n  case \"$1\" in\n";
  for (const auto* command : available_commands(root)) {
    std::string lines;
    for (const auto& below : command->commands) {
      if (below.available) lines += " " + described(below.name, below.description);
    }
    if (!lines.empty()) out += fmt::format("    \"{}\") print -rl --{} ;;\n", command->path, lines);
  }
  return out + "  esac\n}\n";
}

std::string options_table(const CommandModel& root) {
  std::string out = "_rivet_described_options() {\n  case \"$1\" in\n";
  for (const auto* command : available_commands(root)) {
    std::string lines;
    const auto add = [&](const OptionModel& option) {
      if (option.positional) return;
      for (const auto& name : option.names) lines += " " + described(name, option.description);
    };
    for (const auto& option : command->options) add(option);
    for (const auto& option : root.options) {
      if (command != &root && option.name() != "--help") add(option);
    }
    out += fmt::format("    \"{}\") print -rl --{} ;;\n", command->path, lines);
  }
  return out + "  esac\n}\n";
}

std::string with_command(std::string_view text) {
  constexpr std::string_view kMark = "@EXPORTS@";
  const auto at = text.find(kMark);
  return std::string(text.substr(0, at)) + kExportNamesCommand + std::string(text.substr(at + kMark.size()));
}

}  // namespace

std::string zsh_completions(const CommandModel& root) {
  return "#compdef rivet\n# zsh completion of rivet " RIVET_VERSION "; made by `rivet completions zsh`\n\n" +
         shell_tables(root) + commands_table(root) + options_table(root) + with_command(kFunctions);
}

}  // namespace rivet::cli
