// SPDX-License-Identifier: Apache-2.0
// Finds where the password ends by trying what could follow it, from the right.
#include "config/connection_url.hpp"

#include "config/document.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

namespace rivet::config {
namespace {

constexpr auto npos = std::string_view::npos;
using Parameters = std::map<std::string, std::string>;

/// What follows the user part.
struct Tail {
  std::string host, database;
  int port = 0;
  Parameters parameters;
  std::size_t query_at = npos;  ///< offset of `?`
};

std::span<const std::string_view> schemes_of(SourceType type) {
  static constexpr std::array<std::string_view, 2> postgres{"postgres", "postgresql"};
  static constexpr std::array<std::string_view, 2> mysql{"mysql", "mariadb"};
  static constexpr std::array<std::string_view, 2> mssql{"sqlserver", "mssql"};
  static constexpr std::array<std::string_view, 1> sqlite{"sqlite"};
  static constexpr std::array<std::string_view, 2> mongo{"mongodb", "mongodb+srv"};
  switch (type) {
    case SourceType::postgres: return postgres;
    case SourceType::mysql: return mysql;
    case SourceType::mssql: return mssql;
    case SourceType::sqlite: return sqlite;
    case SourceType::mongo: return mongo;
  }
  return {};
}

bool is_graphic(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; }

bool is_host_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '%';
}

bool is_ipv6_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.' || c == '%' || c == '-';
}

/// Percent-encoded as RFC 3986 has it, all but its unreserved characters.
std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~');
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

std::optional<unsigned> hex_byte(std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return digits.size() == 2 && error == std::errc() && end == digits.data() + 2 ? std::optional(value) : std::nullopt;
}

/// Percent-decoding that leaves a lone `%` alone.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = text[at] == '%' ? hex_byte(text.substr(at + 1, 2)) : std::nullopt;
    out += byte ? static_cast<char>(*byte) : text[at];
    if (byte) at += 2;
  }
  return out;
}

std::optional<int> parse_port(std::string_view digits) {
  int port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port < 1 || port > 65'535) return std::nullopt;
  return port;
}

/// Takes `host` or `[address]` from the front; false when what is there cannot be one.
bool take_host(std::string_view& rest, std::string& host) {
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == npos || close < 3) return false;
    const auto address = rest.substr(1, close - 1);
    if (!std::all_of(address.begin(), address.end(), is_ipv6_char) || address.find(':') == npos) return false;
    host = std::string(address);
    rest.remove_prefix(close + 1);
    return true;
  }
  const auto end = std::min(rest.find_first_of(":/?"), rest.size());
  const auto name = rest.substr(0, end);
  host = decoded(name);
  rest.remove_prefix(end);
  return std::all_of(name.begin(), name.end(), is_host_char);
}

bool take_port(std::string_view& rest, int& port) {
  if (!rest.starts_with(':')) return true;
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  const auto digits = rest.substr(1, end - 1);
  rest.remove_prefix(end);
  if (digits.empty()) return true;
  const auto number = parse_port(digits);
  if (number) port = *number;
  return number.has_value();
}

bool take_database(std::string_view& rest, std::string& database) {
  if (!rest.starts_with('/')) return true;
  const auto end = std::min(rest.find('?'), rest.size());
  const auto name = rest.substr(1, end - 1);
  rest.remove_prefix(end);
  database = decoded(name);
  return name.find_first_of("/@") == npos && std::all_of(name.begin(), name.end(), is_graphic);
}

bool is_parameter_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
}

bool take_parameters(std::string_view rest, Parameters& parameters) {
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the '?' or '&'
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(pair.size());
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == npos || !is_parameter_name(pair.substr(0, equals))) return false;
    parameters[std::string(pair.substr(0, equals))] = decoded(pair.substr(equals + 1));
  }
  return true;
}

std::optional<Tail> parse_tail(std::string_view text) {
  Tail tail;
  auto rest = text;
  if (!take_host(rest, tail.host) || !take_port(rest, tail.port) || !take_database(rest, tail.database)) {
    return std::nullopt;
  }
  if (!rest.empty()) tail.query_at = text.size() - rest.size();
  if (!rest.empty() && !rest.starts_with('?')) return std::nullopt;
  return take_parameters(rest, tail.parameters) ? std::optional(std::move(tail)) : std::nullopt;
}

/// Parameters that clients know; an `@` behind one of them belongs to its value, not to a password.
bool is_known_parameter(std::string_view name) {
  static constexpr auto known = std::to_array<std::string_view>({"application_name",
                                                                 "options",
                                                                 "sslmode",
                                                                 "connect_timeout",
                                                                 "host",
                                                                 "port",
                                                                 "user",
                                                                 "password",
                                                                 "dbname",
                                                                 "sslrootcert",
                                                                 "sslcert",
                                                                 "sslkey",
                                                                 "client_encoding",
                                                                 "target_session_attrs",
                                                                 "channel_binding",
                                                                 "service",
                                                                 "passfile",
                                                                 "gssencmode",
                                                                 "keepalives",
                                                                 "sslpassword",
                                                                 "charset",
                                                                 "encrypt",
                                                                 "app"});
  return std::find(known.begin(), known.end(), name) != known.end();
}

bool has_only_known_parameters(const Tail& tail) {
  return std::all_of(tail.parameters.begin(), tail.parameters.end(),
                     [](const auto& parameter) { return is_known_parameter(parameter.first); });
}

/// Where the tail begins, with the tail: 0 without a user part, else behind its `@`.
struct Split {
  std::size_t tail_at = 0;
  Tail tail;
};

std::vector<std::size_t> tail_candidates(std::string_view text) {
  std::vector<std::size_t> out;
  for (std::size_t at = text.size(); at > 0; --at) {
    if (text[at - 1] == '@') out.push_back(at);
  }
  out.push_back(0);
  return out;
}

std::optional<Split> split(std::string_view text) {
  std::optional<Split> best;
  for (const auto at : tail_candidates(text)) {
    auto tail = parse_tail(text.substr(at));
    if (!tail) continue;
    const bool covers_the_at = best && tail->query_at != npos && at + tail->query_at < best->tail_at;
    if (!best || (covers_the_at && has_only_known_parameters(*tail))) best = Split{at, std::move(*tail)};
  }
  return best;
}

void move_parameter(Parameters& parameters, std::string_view name, std::string& to) {
  const auto found = parameters.find(std::string(name));
  if (found == parameters.end()) return;
  to = std::move(found->second);
  parameters.erase(found);
}

tl::unexpected<Error> refuse(std::string message) { return fail(ErrorKind::config, std::move(message)); }

/// Text behind the scheme, or nothing when the scheme is not one of the type's.
std::optional<std::string_view> without_scheme(std::string_view url, SourceType type) {
  for (const auto scheme : schemes_of(type)) {
    if (url.size() <= scheme.size()) continue;
    const bool same = std::equal(scheme.begin(), scheme.end(), url.begin(),
                                 [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
    const std::string_view separator = type == SourceType::sqlite ? ":" : "://";
    if (same && url.substr(scheme.size()).starts_with(separator)) return url.substr(scheme.size() + separator.size());
  }
  return std::nullopt;
}

Result<ConnectionUrl> parse_sqlite(std::string_view rest) {
  if (rest.starts_with("//")) rest.remove_prefix(2);
  ConnectionUrl out{.database = decoded(rest)};
  if (out.database.empty() || out.database.find('\0') != std::string::npos) {
    return refuse("the URL names no file: write sqlite:FILE");
  }
  return out;
}

void read_user_part(std::string_view text, ConnectionUrl& out) {
  const auto colon = text.find(':');
  out.user = decoded(text.substr(0, colon));
  if (colon == npos) return;
  const auto raw = text.substr(colon + 1);
  out.password = decoded(raw);
  out.secrets = {std::string(raw), out.password};
}

/// The parameters that are parts of the address in another place.
Result<void> read_address_parameters(ConnectionUrl& out) {
  for (const auto& [name, value] : out.parameters) {
    if (holds_secret(name)) out.secrets.push_back(value);
  }
  std::string port;
  move_parameter(out.parameters, "host", out.host);
  move_parameter(out.parameters, "user", out.user);
  move_parameter(out.parameters, "password", out.password);
  move_parameter(out.parameters, "dbname", out.database);
  move_parameter(out.parameters, "port", port);
  if (port.empty()) return {};
  const auto number = parse_port(port);
  if (!number) return refuse("the URL's port is not a number from 1 to 65535");
  out.port = *number;
  return {};
}

Result<void> check_text(const ConnectionUrl& url) {
  for (const auto* part : {&url.user, &url.host, &url.database}) {
    if (!is_utf8(*part)) return refuse("the URL's user, host or database is not UTF-8 text");
  }
  for (const auto* part : {&url.user, &url.host, &url.database, &url.password}) {
    if (part->find('\0') != std::string::npos) return refuse("the URL holds a NUL byte (%00)");
  }
  for (const auto& [name, value] : url.parameters) {
    if (value.find('\0') != std::string::npos) return refuse("the URL holds a NUL byte (%00)");
  }
  return {};
}

}  // namespace

bool holds_secret(std::string_view parameter) {
  for (const auto* word : {"password", "passwd", "pwd", "secret", "token"}) {
    if (parameter.find(word) != npos) return true;
  }
  return false;
}

std::string url_without_secrets(const Source& source) {
  if (source.type == SourceType::sqlite) return "sqlite:" + source.path.string();
  std::string url = fmt::format("{}://", schemes_of(source.type).back());
  if (!source.user.empty()) url += encoded(source.user) + "@";
  // A socket directory has no place before the slash.
  const bool named = !source.host.starts_with('/');
  if (named) url += source.host.find(':') == std::string::npos ? source.host : "[" + source.host + "]";
  if (named && source.port != 0) url += fmt::format(":{}", source.port);
  url += "/" + encoded(source.database);
  char sign = '?';
  const auto add = [&](const std::string& name, const std::string& value) {
    url += fmt::format("{}{}={}", std::exchange(sign, '&'), encoded(name), encoded(value));
  };
  if (!named) add("host", source.host);
  if (!named && source.port != 0) add("port", std::to_string(source.port));
  for (const auto& [name, value] : source.url_parameters) {
    if (!holds_secret(name)) add(name, value);
  }
  return url;
}

Result<ConnectionUrl> parse_connection_url(std::string_view url, SourceType type) {
  const auto rest = without_scheme(url, type);
  if (!rest) {
    return refuse(fmt::format("the URL of a {} source must begin with {}{}", name_of(type),
                              fmt::join(schemes_of(type), ":// or "), type == SourceType::sqlite ? ":" : "://"));
  }
  if (type == SourceType::sqlite) return parse_sqlite(*rest);
  auto parts = split(*rest);
  if (!parts) return refuse("the URL cannot be read: write user:password@host:port/database behind the scheme");
  ConnectionUrl out;
  if (parts->tail_at > 0) read_user_part(rest->substr(0, parts->tail_at - 1), out);
  out.host = std::move(parts->tail.host);
  out.port = parts->tail.port;
  out.database = std::move(parts->tail.database);
  out.parameters = std::move(parts->tail.parameters);
  TRY(read_address_parameters(out));
  TRY(check_text(out));
  return out;
}

std::optional<SourceType> type_of_url(std::string_view url) {
  using enum SourceType;
  for (const auto type : {postgres, mysql, mssql, sqlite, mongo}) {
    if (without_scheme(url, type)) return type;
  }
  return std::nullopt;
}

bool is_loopback(std::string_view host) {
  if (host.empty() || host.starts_with('/') || host.starts_with('@')) return true;
  if (host == "localhost" || host.ends_with(".localhost") || host == "::1") return true;
  int dots = 0;
  for (const char c : host) {
    if (c == '.') ++dots;
    if (c != '.' && std::isdigit(static_cast<unsigned char>(c)) == 0) return false;
  }
  return dots == 3 && host.starts_with("127.");
}

}  // namespace rivet::config
