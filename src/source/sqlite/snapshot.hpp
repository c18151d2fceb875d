// SPDX-License-Identifier: Apache-2.0
// One instant for several sessions, with what SQLite offers for it.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "source/source.hpp"
#include "source/sqlite/connection.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace rivet::source::sqlite {

/// A connection that is pinned to an instant that others can be pinned to as well.
struct PinnedConnection {
  std::unique_ptr<Connection> connection;
  ReadInstant instant;
};

/// The instants that the sessions of one source share. Any thread may call it.
///
/// With a rollback journal a read transaction keeps every writer from committing, and the file itself tells whether
/// one has: an instant is named by the file's change counter, and any connection that finds the same counter inside a
/// transaction of its own sees it, also from another process and for as long as nobody has written.
///
/// With a write-ahead log writers go on. The interface for joining an older state (sqlite3_snapshot_open) is left out
/// of Debian's library, so share() pins a reserve of connections and has another one, which is in no transaction, tell
/// that nothing was committed meanwhile (PRAGMA data_version). Such an instant can be joined within this process
/// only, and lives until end().
class SharedInstants {
 public:
  SharedInstants(std::filesystem::path file, const base::Clock& clock) : file_(std::move(file)), clock_(clock) {}

  /// Pins `holder` to the present and names it. `options` and `stop` are the holder's. Errors: internal inside a
  /// transaction, unavailable when writers commit too fast or lock the file.
  Result<ReadInstant> share(Connection& holder, const SessionOptions& options, const std::stop_token& stop);

  /// A connection that sees the instant `options.snapshot`. Errors: RIVET_SNAPSHOT_GONE when that is impossible,
  /// config when more sessions than the reserve has connections are open at once and the database has been written to.
  Result<PinnedConnection> join(const SessionOptions& options, const std::stop_token& stop);

  /// Takes a connection back, still pinned, for the next session.
  void give_back(PinnedConnection pinned);

  /// Lets go of the instant; sessions that have joined keep it.
  void end(const std::string& name);

 private:
  /// An instant of a database with a write-ahead log.
  struct Reserve {
    base::Timestamp at;
    std::unique_ptr<Connection> monitor;
    std::int64_t data_version = 0;  // that the monitor saw around the pinning
    std::vector<std::unique_ptr<Connection>> idle;
  };

  Result<Reserve> open_reserve(const SessionOptions& options, const std::stop_token& stop) const;
  Result<void> pin_together(Connection& holder, Reserve& reserve, const SessionOptions& options,
                            const std::stop_token& stop) const;
  Result<PinnedConnection> join_file(const SessionOptions& options, const std::stop_token& stop) const;
  Result<PinnedConnection> join_reserve(const SessionOptions& options, const std::stop_token& stop);
  Result<std::unique_ptr<Connection>> pin_late(Reserve& reserve, const SessionOptions& options,
                                               const std::stop_token& stop) const;

  const std::filesystem::path file_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Reserve> reserves_;
};

}  // namespace rivet::source::sqlite
