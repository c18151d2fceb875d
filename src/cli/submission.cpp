// SPDX-License-Identifier: Apache-2.0
// The definitions of a configuration as one JSON document.
#include "cli/submission.hpp"

#include "cli/configuration.hpp"
#include "model/json_fields.hpp"

namespace rivet::cli {
namespace {

using nlohmann::ordered_json;

ordered_json list_of(const std::vector<std::string>& definitions) {
  auto list = ordered_json::array();
  for (const auto& one : definitions) list.push_back(ordered_json::parse(one));
  return list;
}

std::vector<std::string> definitions_in(const ordered_json& list) {
  std::vector<std::string> out;
  for (const auto& one : list) out.push_back(model::dump_json(one));
  return out;
}

}  // namespace

Payload payload_of(const config::Config& config, std::filesystem::path directory) {
  Payload payload{.definition = {.source = config.source_definition,
                                 .exports = {},
                                 .notifications = config.notifications_definition,
                                 .file = config.file},
                  .needs_file = config::left_out_password(config.source_definition, config.source),
                  .directory = std::move(directory)};
  for (const auto& entry : config.exports) payload.definition.exports.push_back(entry.definition);
  for (const auto& gate : config.gates) payload.definition.gates.push_back(gate.definition);
  return payload;
}

std::string to_json_text(const Payload& payload) {
  const auto& definition = payload.definition;
  ordered_json document{{"config_file", definition.file.string()},  {"directory", payload.directory.string()},
                        {"password_in_config", payload.needs_file}, {"validate", payload.validate},
                        {"reconcile", payload.reconcile},           {"source", ordered_json::parse(definition.source)},
                        {"exports", list_of(definition.exports)},   {"gates", list_of(definition.gates)}};
  if (!definition.notifications.empty()) document["notifications"] = ordered_json::parse(definition.notifications);
  return model::dump_json(document);
}

Result<Payload> payload_from_json_text(std::string_view text) {
  const auto document = ordered_json::parse(text, nullptr, false);
  const bool known = document.is_object() && document.value("config_file", ordered_json()).is_string() &&
                     document.value("source", ordered_json()).is_object() &&
                     document.value("exports", ordered_json()).is_array() &&
                     document.value("gates", ordered_json()).is_array();
  if (!known) {
    return fail(ErrorKind::data, "the run holds no configuration that this version reads",
                "submit it again with this version");
  }
  Payload payload{.definition = {.source = model::dump_json(document["source"]),
                                 .exports = definitions_in(document["exports"]),
                                 .gates = definitions_in(document["gates"]),
                                 .file = document["config_file"].get<std::string>()},
                  .needs_file = document.value("password_in_config", false),
                  .directory = document.value("directory", std::string()),
                  .validate = document.value("validate", false),
                  .reconcile = document.value("reconcile", false)};
  if (document.contains("notifications")) {
    payload.definition.notifications = model::dump_json(document["notifications"]);
  }
  return payload;
}

Result<config::Config> load_payload(const Payload& payload, base::Redactor& redactor) {
  auto config = TRY(config::load_definition(payload.definition, payload.needs_file, TRY(load_options({})), redactor));
  for (auto& entry : config.exports) {
    auto& path = entry.destination.path;
    if (entry.destination.type == config::DestinationType::local) path = (payload.directory / path).string();
  }
  return config;
}

}  // namespace rivet::cli
