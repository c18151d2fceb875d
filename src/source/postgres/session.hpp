// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL connection as a Session.
#pragma once

#include <memory>

#include "source/postgres/connection.hpp"
#include "source/source.hpp"

namespace rivet::source::postgres {

/// A session on an open connection; needs a server of version 13 or newer.
std::unique_ptr<Session> make_session(std::unique_ptr<Connection> connection, const SessionOptions& options);

}  // namespace rivet::source::postgres
