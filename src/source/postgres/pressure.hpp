// SPDX-License-Identifier: Apache-2.0
// How the other sessions of a PostgreSQL server fare.
#pragma once

#include <chrono>

#include "base/result.hpp"
#include "source/postgres/connection.hpp"
#include "source/source.hpp"

namespace rivet::source::postgres {

/// One look at the statistics views. Kind auth when the role may not see what other sessions do. REQUIRES: an open
/// transaction of its own, because one transaction sees one state of the views.
Result<Pressure> sample_pressure(Connection& connection, std::chrono::seconds limit);

/// Connections that the server, the database and the user's role would still allow together.
Result<std::optional<std::int64_t>> read_connections_left(Connection& connection, std::chrono::seconds limit);

}  // namespace rivet::source::postgres
