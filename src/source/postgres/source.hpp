// SPDX-License-Identifier: Apache-2.0
// PostgreSQL as a Source.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "config/config.hpp"
#include "source/source.hpp"

namespace rivet::source::postgres {

/// A source for the configured server. Connects to nothing yet. Kind config when the TLS rules refuse the
/// combination of host and settings (plain text is for loopback hosts, unless `tls: {mode: disable}` says so).
Result<std::unique_ptr<Source>> make_postgres_source(const config::Source& config);

}  // namespace rivet::source::postgres
