// SPDX-License-Identifier: Apache-2.0
// RIVET_STATE_URL as libpq wants it, with the rule for plain text that sources have too.
#include "cli/state_place.hpp"

#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "config/connection_url.hpp"

namespace rivet::cli {
namespace {

constexpr const char* kVariable = "RIVET_STATE_URL";
constexpr const char* kListenVariable = "RIVET_STATE_LISTEN_URL";
constexpr const char* kStateFile = ".rivet_state.db";
constexpr const char* kDefaultSchema = "rivet";

/// A server that cannot be reached, or a host that is gone, is noticed within half a minute.
constexpr std::array<std::pair<const char*, const char*>, 7> kDefaults{{{"application_name", "rivet"},
                                                                        {"gssencmode", "disable"},
                                                                        {"connect_timeout", "10"},
                                                                        {"tcp_user_timeout", "30000"},
                                                                        {"keepalives_idle", "10"},
                                                                        {"keepalives_interval", "5"},
                                                                        {"keepalives_count", "3"}}};

std::string taken(std::map<std::string, std::string>& parameters, const std::string& name) {
  const auto node = parameters.extract(name);
  return node.empty() ? std::string() : node.mapped();
}

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

/// Where libpq will connect: it takes PGHOST when nothing else names a host.
std::string host_of(const config::ConnectionUrl& url) {
  const auto address = url.parameters.find("hostaddr");
  if (address != url.parameters.end()) return address->second;
  return url.host.empty() ? from_environment("PGHOST") : url.host;
}

Result<void> require_encryption(const config::ConnectionUrl& url) {
  const auto host = host_of(url);
  if (config::is_loopback(host) || url.parameters.contains("sslmode") || !from_environment("PGSSLMODE").empty()) {
    return {};
  }
  return fail(ErrorKind::config, fmt::format("state store: {} is not a local host and the URL names no sslmode", host),
              "add ?sslmode=verify-full&sslrootcert=FILE, or ?sslmode=disable to allow plain text");
}

std::string told(const config::ConnectionUrl& url) {
  return config::url_without_secrets({.type = config::SourceType::postgres,
                                      .host = url.host,
                                      .user = url.user,
                                      .database = url.database,
                                      .password = {},
                                      .port = url.port,
                                      .url_parameters = url.parameters,
                                      .path = {},
                                      .tls = {}});
}

}  // namespace

Result<StateUrl> parse_state_url(std::string_view text) {
  if (config::type_of_url(text) != config::SourceType::postgres) {
    return fail(ErrorKind::config, "the URL of a state store must begin with postgresql://",
                "without RIVET_STATE_URL the state lies in a file beside the configuration");
  }
  auto url = TRY(config::parse_connection_url(text, config::SourceType::postgres).context("state store"));
  TRY(require_encryption(url));
  StateUrl place{.params = {kDefaults.begin(), kDefaults.end()}, .schema = {}, .location = told(url), .secrets = {}};
  place.schema = taken(url.parameters, "schema");
  if (place.schema.empty()) place.schema = kDefaultSchema;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) place.params.emplace_back(name, value);
  };
  add("host", url.host);
  add("port", url.port == 0 ? "" : std::to_string(url.port));
  add("user", url.user);
  add("password", url.password);
  add("dbname", url.database);
  for (const auto& [name, value] : url.parameters) add(name.c_str(), value);
  add("client_encoding", "UTF8");
  place.secrets = std::move(url.secrets);
  return place;
}

bool has_state_url() { return !from_environment(kVariable).empty(); }

Result<StatePlace> state_place(const std::filesystem::path& config_folder) {
  if (!has_state_url()) return StatePlace{.file = config_folder / kStateFile, .url = {}};
  return StatePlace{.file = {}, .url = TRY(parse_state_url(from_environment(kVariable)).context(kVariable))};
}

Result<StatePlace> state_place_of(const std::string& config_file) {
  std::error_code failed;
  if (has_state_url()) return state_place({});
  if (!config_file.empty()) {
    if (std::filesystem::exists(config_file, failed)) {
      return state_place(std::filesystem::absolute(config_file, failed).parent_path());
    }
    return fail(ErrorKind::config, fmt::format("cannot read {}: no such file", config_file));
  }
  const auto here = std::filesystem::current_path(failed);
  if (std::filesystem::exists(here / kStateFile, failed)) return state_place(here);
  return fail(ErrorKind::config, "no state store is named", "name a configuration with -c, or set RIVET_STATE_URL");
}

Result<std::optional<StateUrl>> hint_place(const StatePlace& place) {
  if (!place.url) return std::optional<StateUrl>();
  const auto direct = from_environment(kListenVariable);
  if (direct.empty()) return place.url;
  auto url = TRY(parse_state_url(direct).context(kListenVariable));
  url.schema = place.url->schema;
  return std::optional(std::move(url));
}

Result<StatePlace> named_state_place(const std::string& text) {
  if (text.find("://") != std::string::npos) return StatePlace{.file = {}, .url = TRY(parse_state_url(text))};
  std::error_code failed;
  const auto path = std::filesystem::absolute(text, failed);
  if (std::filesystem::is_directory(path, failed)) return StatePlace{.file = path / kStateFile, .url = {}};
  const bool is_config = path.extension() == ".yaml" || path.extension() == ".yml";
  return StatePlace{.file = is_config ? path.parent_path() / kStateFile : path, .url = {}};
}

void remember_state_url(base::Redactor& redactor) {
  for (const auto* variable : {kVariable, kListenVariable}) {
    const auto text = from_environment(variable);
    if (text.empty()) continue;
    const auto url = config::parse_connection_url(text, config::SourceType::postgres);
    if (!url) continue;
    for (const auto& secret : url->secrets) redactor.remember(secret);
  }
}

}  // namespace rivet::cli
