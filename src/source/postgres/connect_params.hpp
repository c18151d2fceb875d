// SPDX-License-Identifier: Apache-2.0
// From the configured source to libpq's connection keywords, with the rules for TLS.
#pragma once

#include "base/result.hpp"
#include "config/config.hpp"
#include "source/postgres/connection.hpp"

namespace rivet::source::postgres {

/// True when every host of the comma-separated list is a loopback name or address or a Unix socket.
bool is_local_host(std::string_view host);

/// libpq keywords for a source. The configured TLS mode overrides a weaker `sslmode` of the URL. Kind config
/// when a host that is not local would be reached in plain text without an explicit `mode: disable`.
Result<ConnectParams> connect_params(const config::Source& config);

}  // namespace rivet::source::postgres
