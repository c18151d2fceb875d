// SPDX-License-Identifier: Apache-2.0
// Where the numbering of transactions stands, as a snapshot sees it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/postgres/connection.hpp"

namespace rivet::source::postgres {

/// The horizon of the open transaction's snapshot. `source_id` is `system identifier/oid of the database`: the same on
/// a standby and after a rename, another one after a restore into a new cluster or database. `held_by` is empty on a
/// standby, and for sessions that the user may not look at.
Result<model::Horizon> read_horizon(Connection& connection, std::chrono::seconds limit);

/// Only that id. Kind auth when this user may not know it.
Result<std::string> read_source_id(Connection& connection, std::chrono::seconds limit);

/// The first number in a snapshot's text form that was not ended yet; nothing for any other text.
std::optional<std::int64_t> first_running(std::string_view snapshot);

/// The first number that a snapshot in the server's text form (`xmin:xmax:list`) cannot see. Kind internal for any
/// other text.
Result<std::int64_t> next_version(std::string_view snapshot);

}  // namespace rivet::source::postgres
