// SPDX-License-Identifier: Apache-2.0
// What the parser knows is generated; what it cannot know (environment, files, examples) stands here.
#include "cli/manual.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rivet::cli {
namespace {

constexpr std::string_view kDate = "2026-11-21";  // of the fixed texts below

struct Entry {
  std::string_view name, text;
};

constexpr auto kEnvironment = std::to_array<Entry>({
    {"RUST_LOG, RIVET_LOG",
     "Level of the log on standard error: trace, debug, info, warn (the default), error or off."},
    {"NO_COLOR", "No colours, whatever its value."},
    {"RIVET_IPC_EVENTS",
     "Of rivet run: write events, one JSON object a line, to standard output (1) or to that "
     "descriptor, instead of cards."},
    {"RIVET_GOVERNOR_INTERVAL_MS", "How often tuning.adaptive looks at the server, in milliseconds (1500)."},
    {"PGHOST", "Where PostgreSQL is reached when the URL names no host."},
});

constexpr auto kFiles = std::to_array<Entry>({
    {"FILE", "The configuration. rivet schema config describes it to editors."},
    {".rivet_state.db", "State beside the configuration: cursors, runs, units, files, journal. A SQLite database."},
    {".rivet/runs/RUN_ID/", "Summary of each run beside the configuration, as Markdown and JSON."},
    {"manifest.EXPORT.json", "At the destination: which files count."},
    {"_SUCCESS.EXPORT", "At the destination: vouches for exactly the manifest that stands."},
});

constexpr auto kExamples = std::to_array<Entry>({
    {"rivet run -c shop.yaml --validate", "Run all exports and read back what was written."},
    {"rivet run -c shop.yaml -e orders -p day=2026-11-01", "Run one export with a parameter."},
    {"rivet schema config > rivet.schema.json", "Write the JSON Schema for an editor."},
    {"source <(rivet completions bash)", "Complete command lines in this shell."},
});

/// Text as roff takes it literally; a line must not begin with a control character.
std::string escaped(std::string_view text) {
  std::string out = !text.empty() && (text.front() == '.' || text.front() == '\'') ? "\\&" : "";
  for (const char c : text) {
    switch (c) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '\'': out += "\\(aq"; break;
      case '`': out += "\\(ga"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      default: out += c;
    }
  }
  return out;
}

/// A paragraph in lines of at most 78 bytes where its words allow that.
std::string filled(std::string_view text) {
  constexpr std::size_t kLine = 78;
  std::string out, line;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    auto word = escaped(text.substr(at, end - at));
    if (!line.empty() && line.size() + 1 + word.size() > kLine) {
      out += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return out + line + "\n";
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

std::string section(std::string_view title) { return fmt::format(".SH {}\n", title); }

std::string tagged(const std::string& tag, std::string_view text) {
  return fmt::format(".TP\n{}\n{}", tag, filled(text));
}

std::string sentence(std::string text) {
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

/// Everything that is to know about an option, as sentences.
std::string explanation(const OptionModel& option) {
  auto out = sentence(option.description);
  if (option.required) out += " Required.";
  if (!option.choices.empty()) out += fmt::format(" One of: {}.", fmt::join(option.choices, ", "));
  if (!option.constraint.empty()) out += fmt::format(" Value: {}.", option.constraint);
  if (!option.default_value.empty()) out += fmt::format(" Default: {}.", option.default_value);
  if (!option.excludes.empty()) out += fmt::format(" Not with {}.", fmt::join(option.excludes, ", "));
  if (!option.needs.empty()) out += fmt::format(" Needs {}.", fmt::join(option.needs, ", "));
  return out;
}

std::string tag_of(const OptionModel& option) {
  if (option.positional) return italic(option.name());
  std::string out;
  for (const auto& name : option.names) out += (out.empty() ? "" : ", ") + bold(name);
  return option.is_flag() ? out : out + " " + italic(option.value);
}

std::string rule_text(const OptionRule& rule) {
  const auto number = rule.at_most == rule.at_least ? fmt::format("Exactly {}", rule.at_least)
                      : rule.at_most == 0           ? fmt::format("At least {}", rule.at_least)
                                                    : fmt::format("{} to {}", rule.at_least, rule.at_most);
  return fmt::format("{} of {}.", number, fmt::join(rule.options, ", "));
}

bool is_help(const OptionModel& option) { return option.name() == "--help"; }

std::string options_of(const CommandModel& command) {
  std::string out;
  for (const auto& option : command.options) {
    if (command.path.empty() || !is_help(option)) out += tagged(tag_of(option), explanation(option));
  }
  return out;
}

std::string synopsis(const CommandModel& command) {
  auto out = ".B rivet" + (command.path.empty() ? "" : " " + escaped(command.path)) + "\n";
  for (const auto& option : command.options) {
    if (option.required && !option.positional) {
      out += bold(option.names.front()) + " " + italic(option.value) + "\n";
    }
  }
  out += "[\\fIoptions\\fR]\n";
  for (const auto& option : command.options) {
    if (option.positional) out += italic(option.name()) + "\n";
  }
  return out;
}

std::string commands_of(const CommandModel& root) {
  std::string out;
  for (const auto* command : available_commands(root)) {
    if (command->path.empty()) continue;
    out += fmt::format(".SS rivet {}\n{}", escaped(command->path), filled(sentence(command->description)));
    out += options_of(*command);
    for (const auto& rule : command->rules) out += ".PP\n" + filled(rule_text(rule));
  }
  return out;
}

template <class Entries>
std::string list_of(const Entries& entries) {
  std::string out;
  for (const auto& [name, text] : entries) out += tagged(bold(name), text);
  return out;
}

std::string all_synopses(const CommandModel& root) {
  std::string out;
  for (const auto* command : available_commands(root)) {
    if (command->needs_subcommand) continue;
    out += (out.empty() ? "" : ".br\n") + synopsis(*command);
  }
  return out;
}

std::string exit_status_list() {
  std::string out;
  for (const auto& [code, meaning] : exit_statuses()) out += tagged(bold(std::to_string(code)), meaning);
  return out;
}

std::string examples() {
  std::string out;
  for (const auto& [command, text] : kExamples) {
    out +=
        fmt::format("{}{}.PP\n.RS 4\n.nf\n{}\n.fi\n.RE\n", out.empty() ? "" : ".PP\n", filled(text), escaped(command));
  }
  return out;
}

}  // namespace

std::string manual_page(const CommandModel& root) {
  auto page = fmt::format(".TH RIVET 1 \"{}\" \"rivet {}\" \"User Commands\"\n", kDate, RIVET_VERSION);
  page += section("NAME") + "rivet \\- move tables and queries out of databases into files\n";
  page += section("SYNOPSIS") + all_synopses(root);
  page += section("DESCRIPTION") + filled(root.description) + ".PP\n" +
          filled(
              "Exports are described in one YAML file, which most commands take with --config. Cards, progress and "
              "warnings go to standard error; standard output is for data and JSON.");
  page += section("OPTIONS") + filled("These stand before or after any command.") + options_of(root);
  page += section("COMMANDS") + commands_of(root);
  page += section("\"EXIT STATUS\"") + exit_status_list();
  page += section("ENVIRONMENT") + list_of(kEnvironment);
  page += section("FILES") + list_of(kFiles);
  page += section("EXAMPLES") + examples();
  page += section("\"SEE ALSO\"") + ".BR duckdb (1),\n.BR psql (1),\n.BR sqlite3 (1)\n";
  return page;
}

}  // namespace rivet::cli
