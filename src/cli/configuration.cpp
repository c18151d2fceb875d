// SPDX-License-Identifier: Apache-2.0
// Shared by the commands that take a configuration file.
#include "cli/configuration.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/registry.hpp"
#include "config/load.hpp"

namespace rivet::cli {
namespace {

std::optional<std::string> environment_variable(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<std::map<std::string, std::string>> parse_params(const std::vector<std::string>& params) {
  std::map<std::string, std::string> parsed;
  for (const auto& param : params) {
    const auto equals = param.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::config, fmt::format("-p {}: not of the form KEY=VALUE", param),
                  "write -p key=value; the file then uses ${key}");
    }
    parsed[param.substr(0, equals)] = param.substr(equals + 1);
  }
  return parsed;
}

tl::unexpected<Error> unknown_export(const config::Config& config, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& entry : config.exports) names.push_back(entry.name);
  const auto close = base::did_you_mean(name, names);
  return fail(ErrorKind::config, fmt::format("{}: there is no export '{}'", config.file.string(), name),
              close ? fmt::format("did you mean '{}'?", *close)
                    : fmt::format("exports of this file: {}", fmt::join(names, ", ")));
}

}  // namespace

Result<config::LoadOptions> load_options(const std::vector<std::string>& params) {
  return config::LoadOptions{.params = TRY(parse_params(params)), .environment = environment_variable};
}

Result<config::Config> load_configuration(const std::string& file, const std::vector<std::string>& params,
                                          Context& context) {
  auto config = TRY(config::load(file, TRY(load_options(params)), context.redactor));
  for (const auto& warning : config.warnings) context.screen.print("warning: " + warning);
  return config;
}

Result<std::vector<const config::Export*>> select_exports(const config::Config& config,
                                                          const std::vector<std::string>& names) {
  const auto wanted = [&](const std::string& name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const auto& name : names) {
    const auto known = [&](const config::Export& entry) { return entry.name == name; };
    if (std::none_of(config.exports.begin(), config.exports.end(), known)) return unknown_export(config, name);
  }
  std::vector<const config::Export*> selected;
  for (const auto& entry : config.exports) {
    if (wanted(entry.name)) selected.push_back(&entry);
  }
  return selected;
}

Result<std::filesystem::path> state_folder(const std::string& config_file) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(config_file, failed)) {
    return fail(ErrorKind::config, fmt::format("{}: no such configuration file", config_file),
                "name the file with -c; its folder holds the state");
  }
  return std::filesystem::absolute(config_file, failed).parent_path();
}

Result<std::unique_ptr<state::StateStore>> open_history(const std::string& config_file) {
  const auto folder = TRY(state_folder(config_file));
  if (!store_exists(folder)) return nullptr;
  return open_store(folder);
}

Result<void> note_unknown_export(state::StateStore* records, const std::string& export_name, Context& context) {
  if (records == nullptr || export_name.empty()) return {};
  const auto known = TRY(records->known_exports());
  if (std::find(known.begin(), known.end(), export_name) != known.end()) return {};
  const auto unknown = state::unknown_export(records->location(), export_name, known);
  context.screen.print(fmt::format("note: {}; {}", unknown.message, unknown.hint));
  return {};
}

}  // namespace rivet::cli
