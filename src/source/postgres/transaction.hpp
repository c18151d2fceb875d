// SPDX-License-Identifier: Apache-2.0
// The transactions of one session: pinned settings, its own instant or a shared one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "source/postgres/connection.hpp"
#include "source/source.hpp"

namespace rivet::source::postgres {

/// Opens and ends read-only transactions, one at a time. Every setting that could change a value or a limit is pinned
/// inside each of them, so that a pooler in transaction mode may hand out any connection. After share() there is one
/// transaction until the object is dropped, and savepoints take the place of the others.
class Transaction {
 public:
  Transaction(std::unique_ptr<Connection> connection, SessionOptions options);

  Connection& connection() { return *connection_; }
  std::chrono::seconds limit() const { return options_.statement_timeout; }

  /// Begins. What an earlier one left open, after an error or a dropped stream, is rolled back first. Errors:
  /// unavailable with code RIVET_SNAPSHOT_GONE when the session's shared snapshot cannot be taken over (any more).
  Result<void> begin();
  /// From when the open transaction sees the source.
  Result<ReadInstant> instant();
  /// Ends it and keeps its locks while a snapshot is shared: no table may be truncated or rewritten that it has looked
  /// at, because such changes are seen by every snapshot.
  Result<void> end();
  /// Ends it and forgets the settings that were made inside.
  Result<void> end_and_reset();
  /// Rolls back what is open, after an error.
  void abandon();
  /// Fails when a table that was read has been truncated or rewritten between the snapshot and the first lock on it:
  /// its rows would be missing without a word. Code RIVET_SNAPSHOT_GONE when the snapshot is a shared one, else kind
  /// overloaded: the next try has a younger one. REQUIRES: an open transaction.
  Result<void> verify_tables();

  /// Begins the transaction that stays open, and names its snapshot and its instant. At most once, between
  /// transactions.
  Result<std::string> share();

 private:
  Result<void> run(const std::string& sql);
  Result<void> adopt_snapshot();
  Result<ReadInstant> ask_instant();

  std::unique_ptr<Connection> connection_;
  SessionOptions options_;
  std::optional<ReadInstant> shared_;  ///< while this session holds a snapshot for others
  bool open_ = false;
};

}  // namespace rivet::source::postgres
