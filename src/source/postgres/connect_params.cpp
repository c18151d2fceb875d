// SPDX-License-Identifier: Apache-2.0
// libpq parameters of a configured source: address, TLS mode, time limits.
#include "source/postgres/connect_params.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

namespace rivet::source::postgres {
namespace {

// Weakest first, as libpq documents them.
constexpr std::array<std::string_view, 6> kSslModes{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};

std::size_t strength(std::string_view mode) {
  return static_cast<std::size_t>(std::find(kSslModes.begin(), kSslModes.end(), mode) - kSslModes.begin());
}

std::string_view libpq_name(config::TlsMode mode) {
  switch (mode) {
    case config::TlsMode::disable: return "disable";
    case config::TlsMode::require: return "require";
    case config::TlsMode::verify_ca: return "verify-ca";
    case config::TlsMode::verify_full: return "verify-full";
  }
  return "verify-full";
}

std::string url_parameter(const config::Source& config, const std::string& name) {
  const auto found = config.url_parameters.find(name);
  return found == config.url_parameters.end() ? std::string() : found->second;
}

/// Where libpq will connect: it takes PGHOST when nothing else names a host.
std::string host_of(const config::Source& config) {
  if (auto host = url_parameter(config, "host"); !host.empty()) return host;
  if (!config.host.empty()) return config.host;
  const char* from_environment = std::getenv("PGHOST");
  return from_environment == nullptr ? std::string() : from_environment;
}

Error plain_text_refused(const std::string& host) {
  return {.kind = ErrorKind::config,
          .message = fmt::format("source: {} is not a local host and no tls block is set", host),
          .hint = "add  tls: { mode: verify-full }  to the source, or  tls: { mode: disable }  to allow plain text"};
}

Result<std::string> ssl_mode(const config::Source& config, const std::string& host) {
  const auto from_url = url_parameter(config, "sslmode");
  if (!from_url.empty() && strength(from_url) == kSslModes.size()) {
    return fail(ErrorKind::config, fmt::format("source url: sslmode '{}' does not exist", from_url));
  }
  if (config.tls) {
    const std::string configured(libpq_name(config.tls->mode));
    return !from_url.empty() && strength(from_url) > strength(configured) ? from_url : configured;
  }
  if (is_local_host(host)) return from_url.empty() ? "allow" : from_url;
  if (strength(from_url) >= strength("require") && !from_url.empty()) return from_url;
  return fail(plain_text_refused(host));
}

std::string ca_file(const config::Source& config, const std::string& mode) {
  if (config.tls && !config.tls->ca_file.empty()) return config.tls->ca_file;
  if (const auto from_url = url_parameter(config, "sslrootcert"); !from_url.empty()) return from_url;
  constexpr const char* kSystemRoots = "/etc/ssl/certs/ca-certificates.crt";
  return mode.starts_with("verify") && std::filesystem::exists(kSystemRoots) ? kSystemRoots : "";
}

}  // namespace

bool is_local_host(std::string_view hosts) {
  const auto comma = hosts.find(',');
  if (comma != std::string_view::npos) {
    return is_local_host(hosts.substr(0, comma)) && is_local_host(hosts.substr(comma + 1));
  }
  if (hosts.empty() || hosts.front() == '/' || hosts.front() == '@' || hosts == "localhost") return true;
  const std::string host(hosts);
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

Result<ConnectParams> connect_params(const config::Source& config) {
  const auto host = host_of(config);
  const auto address = url_parameter(config, "hostaddr");
  const auto mode = TRY(ssl_mode(config, address.empty() ? host : address));
  ConnectParams params{{"host", host},
                       {"port", std::to_string(config.port == 0 ? 5432 : config.port)},
                       {"user", config.user},
                       {"password", config.password},
                       {"dbname", config.database},
                       {"application_name", "rivet"},
                       {"gssencmode", "disable"}};
  for (const auto& [key, value] : config.url_parameters) {
    if (key != "host" && key != "sslmode" && key != "sslrootcert") params.emplace_back(key, value);
  }
  params.emplace_back("sslmode", mode);
  params.emplace_back("sslrootcert", ca_file(config, mode));
  params.emplace_back("client_encoding", "UTF8");
  return params;
}

}  // namespace rivet::source::postgres
