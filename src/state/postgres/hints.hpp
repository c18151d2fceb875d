// SPDX-License-Identifier: Apache-2.0
// LISTEN on a connection of its own: what wakes those who wait for the cascade.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cascade/store.hpp"
#include "state/postgres/connection.hpp"

namespace rivet::state::postgres {

/// The channel on which a store in this schema tells of changes.
std::string channel_of(std::string_view schema);

/// Listens at the address, which must lead to the server itself: a pooler in transaction mode takes LISTEN and delivers
/// nothing. Whether hints arrive is found out by sending one, at first and then every 20 s; while they do not, wait()
/// only waits, and tries again. Never fails: a hint is no more than that.
std::unique_ptr<cascade::Hints> listen_for_hints(Address address);

}  // namespace rivet::state::postgres
