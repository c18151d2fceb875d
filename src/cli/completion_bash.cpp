// SPDX-License-Identifier: Apache-2.0
// The bash script: needs nothing but bash.
#include "cli/completion_scripts.hpp"

#include <fmt/format.h>

namespace rivet::cli {
namespace {

constexpr std::string_view kFunctions = R"sh(
# Sets `path` to the words of the command before the cursor, and `config` to the value of -c.
_rivet_look_back() {
  local i word before=""
  path="" config=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${COMP_WORDS[i]}"
    if [[ $word == "=" ]]; then continue; fi
    if [[ $before == -* && -n $(_rivet_value "$path" "$before") ]]; then
      if [[ $before == -c || $before == --config ]]; then config="$word"; fi
      before=""
      continue
    fi
    if [[ $word != -* ]] && _rivet_commands "$path" | grep -qxF -- "$word"; then path="${path:+$path }$word"; fi
    before="$word"
  done
}

_rivet_offer() {
  local line
  case "$1" in
    words\ *) while read -r line; do COMPREPLY+=("$line"); done < <(compgen -W "${1#words }" -- "$cur") ;;
    file)
      while read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
      compopt -o filenames 2>/dev/null ;;
    export)
      if [[ -n $config ]]; then
        while read -r line; do
          if [[ $line == "$cur"* ]]; then COMPREPLY+=("$(printf '%q' "$line")"); fi
        done < <("${COMP_WORDS[0]}" @EXPORTS@ "${config/#\~/$HOME}" 2>/dev/null)
      fi ;;
  esac
}

_rivet() {
  local cur="${COMP_WORDS[COMP_CWORD]}" option="" path config kind
  COMPREPLY=()
  if ((COMP_CWORD > 0)); then option="${COMP_WORDS[COMP_CWORD - 1]}"; fi
  if [[ $cur == "=" ]]; then
    cur=""
  elif [[ $option == "=" ]] && ((COMP_CWORD > 1)); then
    option="${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  _rivet_look_back
  kind=$(_rivet_value "$path" "$option")
  if [[ -n $kind ]]; then
    _rivet_offer "$kind"
  elif [[ $cur == -* ]]; then
    _rivet_offer "words $(_rivet_options "$path")"
  else
    _rivet_offer "words $(_rivet_commands "$path")"
    _rivet_offer "$(_rivet_argument "$path")"
  fi
}

complete -F _rivet rivet
)sh";

std::string with_command(std::string_view text) {
  constexpr std::string_view kMark = "@EXPORTS@";
  const auto at = text.find(kMark);
  return std::string(text.substr(0, at)) + kExportNamesCommand + std::string(text.substr(at + kMark.size()));
}

}  // namespace

std::string bash_completions(const CommandModel& root) {
  return "# bash completion of rivet " RIVET_VERSION "; made by `rivet completions bash`\n\n" + shell_tables(root) +
         with_command(kFunctions);
}

}  // namespace rivet::cli
