// SPDX-License-Identifier: Apache-2.0
// The parser's own objects, without its types.
#include "cli/command_line_model.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace rivet::cli {
namespace {

bool is_hidden(const std::string& group) { return group.empty(); }

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> out;
  for (const auto& name : option.get_snames()) out.push_back("-" + name);
  for (const auto& name : option.get_lnames()) out.push_back("--" + name);
  if (out.empty()) out.push_back(option.get_name());
  return out;
}

std::string long_name(const CLI::Option& option) { return OptionModel{.names = names_of(option)}.name(); }

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= list.size();) {
    const auto end = std::min(list.find(',', at), list.size());
    out.emplace_back(list.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](auto end) { return name.ends_with(end); });
}

/// The parser's text for the type is `TYPE:constraint`; a closed list of words is `{a,b}`.
void read_type(const CLI::Option& option, OptionModel& out) {
  if (option.get_items_expected_max() == 0) return;
  const auto text = option.get_type_name();
  const auto colon = text.starts_with('{') ? std::string::npos : text.find(':');
  out.value = text.starts_with('{') ? "TEXT" : text.substr(0, colon);
  if (out.value.empty()) out.value = "TEXT";
  auto constraint = text.starts_with('{') ? text : colon == std::string::npos ? "" : text.substr(colon + 1);
  if (constraint.starts_with('{') && constraint.ends_with('}')) {
    out.choices = split(std::string_view(constraint).substr(1, constraint.size() - 2));
  } else if (constraint.starts_with("INT in ")) {
    out.constraint = constraint.substr(7);
  } else {
    out.constraint = std::move(constraint);
  }
}

/// The parser has no word for files and exports; the names that all commands use have.
void read_meaning(OptionModel& out) {
  if (out.is_flag()) return;
  const auto& name = out.name();
  const bool is_named_so =
      out.positional ? ends_with_any(name, {"file", "FILE", "path", "plan", "config", "artifact"})
                     : ends_with_any(name, {"--config", "-file", "--output", "-output", "--report", "--tls-ca"});
  out.takes_file = is_named_so || out.value == "FILE" || out.value == "PATH" || out.value == "DIR";
  if (out.takes_file && out.value == "TEXT") out.value = "FILE";
  out.takes_export = name == "--export";
  if (out.takes_export && out.value == "TEXT") out.value = "NAME";
  if (!out.choices.empty() && out.value == "TEXT") out.value = "WORD";
}

std::vector<std::string> long_names(const std::set<CLI::Option*>& options) {
  std::vector<std::string> out;
  for (const auto* option : options) out.push_back(long_name(*option));
  std::sort(out.begin(), out.end());
  return out;
}

OptionModel model_of(const CLI::Option& option) {
  OptionModel out{.names = names_of(option),
                  .description = option.get_description(),
                  .value = {},
                  .constraint = {},
                  .choices = {},
                  .default_value = option.get_default_str(),
                  .excludes = long_names(option.get_excludes()),
                  .needs = long_names(option.get_needs()),
                  .positional = option.get_snames().empty() && option.get_lnames().empty(),
                  .required = option.get_required(),
                  .repeatable = option.get_items_expected_max() > 1};
  read_type(option, out);
  read_meaning(out);
  return out;
}

void add_options(CLI::App& app, CommandModel& out) {
  for (const auto* option : app.get_options([](const CLI::Option*) { return true; })) {
    const bool is_hidden = option->get_group().empty() && !option->get_positional();
    const bool is_repeated = app.get_name().empty() && option == app.get_help_ptr();
    if (is_hidden || is_repeated) continue;
    out.options.push_back(model_of(*option));
  }
}

/// A group of options is a nameless command to the parser.
void add_group(CLI::App& group, CommandModel& out) {
  const auto first = out.options.size();
  add_options(group, out);
  OptionRule rule{.options = {}, .at_least = group.get_require_option_min(), .at_most = group.get_require_option_max()};
  for (auto i = first; i < out.options.size(); ++i) rule.options.push_back(out.options[i].name());
  if (rule.at_least > 0 || rule.at_most > 0) out.rules.push_back(std::move(rule));
}

CommandModel model_of(CLI::App& app, const std::string& path) {
  CommandModel out{.name = app.get_name(),
                   .path = path,
                   .description = app.get_description(),
                   .available = app.get_group() != kUnavailableGroup,
                   .needs_subcommand = app.get_require_subcommand_min() > 0,
                   .options = {},
                   .rules = {},
                   .commands = {}};
  add_options(app, out);
  for (auto* below : app.get_subcommands([](CLI::App*) { return true; })) {
    if (below->get_name().empty()) {
      add_group(*below, out);
    } else if (!is_hidden(below->get_group())) {
      out.commands.push_back(model_of(*below, path.empty() ? below->get_name() : path + " " + below->get_name()));
    }
  }
  return out;
}

using Json = nlohmann::ordered_json;

Json option_to_json(const OptionModel& option) {
  Json out{{"names", option.names},           {"description", option.description},
           {"positional", option.positional}, {"required", option.required},
           {"repeatable", option.repeatable}, {"value", option.is_flag() ? Json(nullptr) : Json(option.value)}};
  if (!option.constraint.empty()) out["constraint"] = option.constraint;
  if (!option.choices.empty()) out["choices"] = option.choices;
  if (!option.default_value.empty()) out["default"] = option.default_value;
  if (!option.excludes.empty()) out["excludes"] = option.excludes;
  if (!option.needs.empty()) out["needs"] = option.needs;
  return out;
}

Json rule_to_json(const OptionRule& rule) {
  return {{"options", rule.options},
          {"at_least", rule.at_least},
          {"at_most", rule.at_most == 0 ? Json(nullptr) : Json(rule.at_most)}};
}

Json command_to_json(const CommandModel& command) {
  Json out{{"name", command.name},           {"description", command.description},
           {"available", command.available}, {"needs_command", command.needs_subcommand},
           {"options", Json::array()},       {"option_rules", Json::array()},
           {"commands", Json::array()}};
  for (const auto& option : command.options) out["options"].push_back(option_to_json(option));
  for (const auto& rule : command.rules) out["option_rules"].push_back(rule_to_json(rule));
  for (const auto& below : command.commands) out["commands"].push_back(command_to_json(below));
  return out;
}

void add_available(const CommandModel& command, std::vector<const CommandModel*>& out) {
  if (!command.available) return;
  out.push_back(&command);
  for (const auto& below : command.commands) add_available(below, out);
}

}  // namespace

const std::string& OptionModel::name() const {
  const auto found = std::find_if(names.begin(), names.end(), [](const auto& one) { return one.starts_with("--"); });
  return found == names.end() ? names.front() : *found;
}

CommandModel command_line_model(CLI::App& app) { return model_of(app, ""); }

std::vector<const CommandModel*> available_commands(const CommandModel& root) {
  std::vector<const CommandModel*> out;
  add_available(root, out);
  return out;
}

std::vector<std::pair<int, std::string>> exit_statuses() {
  using base::ErrorKind;
  const auto code = [](ErrorKind kind) { return base::exit_code_of(kind); };
  return {
      {0, "Success; also a run that was skipped because there were no rows."},
      {code(ErrorKind::config),
       "Generic: configuration, credentials, a permanent error, another run in progress, or what is refused."},
      {code(ErrorKind::unavailable),
       "Retryable: source or destination was out of reach or busy after all retries. Also a wrong command line."},
      {code(ErrorKind::data), "Data integrity: a quality rule or a validation failed, or an audit found something."},
      {code(ErrorKind::drift), "Schema drift: the source's columns changed and the configuration forbids that."},
      {code(ErrorKind::cancelled), "Interrupted by a signal."}};
}

Json to_json(const CommandModel& root) {
  auto out = command_to_json(root);
  out["version"] = RIVET_VERSION;
  out["exit_codes"] = Json::array();
  for (const auto& [code, meaning] : exit_statuses()) {
    out["exit_codes"].push_back({{"code", code}, {"meaning", meaning}});
  }
  return out;
}

}  // namespace rivet::cli
