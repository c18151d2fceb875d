// SPDX-License-Identifier: Apache-2.0
// Connection URLs, read leniently enough for passwords that nobody percent-encoded.
#pragma once

#include "base/result.hpp"
#include "config/config.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rivet::config {

/// The parts of a connection URL, percent-decoded.
struct ConnectionUrl {
  std::string user, password, host, database;  ///< host: name, address without brackets, or socket directory
  int port = 0;                                ///< 0: not given
  std::map<std::string, std::string> parameters;
  std::vector<std::string> secrets;  ///< every spelling of every credential in it, for the redactor
};

/// Reads `scheme://user:password@host:port/database?key=value`. The user part ends at the last `@` behind
/// which a host follows, so the password may hold any of `/ ? # @ :` as it is; a `%` without two hex digits stands for
/// itself. `host`, `port`, `user`, `password` and `dbname` may also be parameters, as libpq allows. For sqlite
/// (`sqlite:FILE`, `sqlite:///FILE`) the file is in `database`. The error never holds a piece of the URL.
Result<ConnectionUrl> parse_connection_url(std::string_view url, SourceType type);

/// The type whose URLs begin like this one; nothing when none does.
std::optional<SourceType> type_of_url(std::string_view url);

/// Whether a URL parameter of this name holds a credential.
bool holds_secret(std::string_view parameter);

/// The URL of a source without its credentials, percent-encoded where needed.
std::string url_without_secrets(const Source& source);

/// True for names and addresses of this machine and for socket directories.
bool is_loopback(std::string_view host);

}  // namespace rivet::config
