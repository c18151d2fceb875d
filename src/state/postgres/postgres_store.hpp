// SPDX-License-Identifier: Apache-2.0
// The state store in a schema of a PostgreSQL database, for many machines.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "state/postgres/connection.hpp"
#include "state/store.hpp"

namespace rivet::state::postgres {

/// Opens the store, creating its schema and tables when there are none. Any number of processes and machines may open
/// it at once, through a pooler in transaction mode too. A server that restarts is waited for; a change whose
/// confirmation was lost is looked up and made once. Kinds: auth, config, unavailable, and data when the schema is of
/// another program or of a newer version.
Result<std::unique_ptr<StateStore>> open_postgres_store(Address address);

/// The connection under it, for copying rows.
Result<std::unique_ptr<sql::Connection>> open_postgres_connection(Address address);

/// The connection to a store that is looked at only: nothing is created, null when there are no tables yet. Kind data
/// when they are of another version.
Result<std::unique_ptr<sql::Connection>> open_postgres_to_read(Address address);

/// Creates or brings up the tables; the version that was there before, 0 for none.
Result<int> migrate_postgres(Address address);

/// What is there, and whether it can be worked with.
struct Condition {
  int version = 0;  ///< 0: no tables
  std::string server_version;
  bool may_write = false;  ///< its tables, or, without any, may create them
  bool through_pooler = false;
  std::chrono::milliseconds clock_ahead{0};  ///< the server's clock less `now`
};

/// Looks at the store without changing anything; `now` is this machine's time.
Result<Condition> examine_postgres(Address address, const base::Clock& clock);

}  // namespace rivet::state::postgres
