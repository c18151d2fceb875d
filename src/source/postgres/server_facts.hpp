// SPDX-License-Identifier: Apache-2.0
// What a PostgreSQL server says of itself.
#pragma once

#include <chrono>

#include "base/result.hpp"
#include "source/postgres/connection.hpp"
#include "source/source.hpp"

namespace rivet::source::postgres {

/// One question; its round trip bounds what is known of the clock. REQUIRES: an open transaction.
Result<ServerFacts> read_server_facts(Connection& connection, std::chrono::seconds limit);

}  // namespace rivet::source::postgres
