// SPDX-License-Identifier: Apache-2.0
// One read-only SQLite connection: opening, errors in our words, waiting for locks, stopping.
#pragma once

#include "base/result.hpp"
#include "source/source.hpp"

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace rivet::source::sqlite {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
/// A prepared statement. Must not outlive its connection.
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

/// `name` as an SQL identifier: in double quotes, inner ones doubled.
std::string quote_identifier(std::string_view name);
/// Column `index` of the current row as text; NULL is the empty text.
std::string text_at(sqlite3_stmt* row, int index);
/// Binds a copy of `text` to parameter `index`.
void bind_text(sqlite3_stmt* statement, int index, std::string_view text);

/// A connection that cannot write. Used by one thread at a time; the stop token may be triggered by any.
class Connection {
 public:
  /// Opens an existing database file. Waiting for a lock ends after `options.lock_timeout` (kind unavailable), work
  /// without a row after `options.statement_timeout` (RIVET_SOURCE_STATEMENT_TIMEOUT); both end with kind cancelled
  /// when `stop` is requested. Errors: config (no such file, a directory, not a database), auth (not readable),
  /// permanent (damaged, or left by a writer in a state that only a writer can recover), unavailable (locked).
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, const SessionOptions& options,
                                                  std::stop_token stop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Prepares one statement of ours. The error carries SQLite's message.
  Result<Statement> prepare(std::string_view sql);
  /// Advances: true when a row is there, false when the statement is complete.
  Result<bool> step(sqlite3_stmt* statement);
  /// Runs a statement that gives no rows.
  Result<void> run(std::string_view sql);
  /// The first column of the first row as an integer; nothing when there is no row or it is NULL.
  Result<std::optional<std::int64_t>> query_integer(std::string_view sql);

  /// Bytes of the database file from `offset` on, read through SQLite's own handle: to open and close the file beside
  /// it would drop the locks of every connection of this process.
  Result<void> read_file(std::int64_t offset, std::span<unsigned char> out) const;

  /// Freezes what the connection sees: every later ReadTransaction is part of one that lasts until unpin(). Error kind
  /// internal inside a transaction.
  Result<void> pin();
  void unpin();
  bool is_pinned() const { return pinned_; }
  /// Takes over other limits and another stop token.
  void rearm(const SessionOptions& options, std::stop_token stop);

  /// What the result code `code` of the last call means for the caller.
  Error failure(int code) const;
  /// Restarts the silence clock. Whenever `*progress` has changed, it is restarted again; `progress` may be null
  /// and must otherwise stay valid until the next call.
  void watch(const std::int64_t* progress);
  /// The error to return when a stop was requested.
  Error cancelled() const;
  bool stop_requested() const { return stop_.stop_requested(); }

  /// How text is stored: SQLITE_UTF8, SQLITE_UTF16LE or SQLITE_UTF16BE.
  int text_encoding() const { return text_encoding_; }
  /// Whether text is stored as UTF-16, so that it passes through a conversion.
  bool is_utf16() const { return text_encoding_ != SQLITE_UTF8; }
  const std::filesystem::path& file() const { return file_; }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  sqlite3* handle() const { return handle_; }

 private:
  friend class ReadTransaction;
  Connection(std::filesystem::path file, const SessionOptions& options, std::stop_token stop);
  Result<void> set_up();
  static int on_progress(void* self);
  static int on_busy(void* self, int attempts);
  Error interrupted() const;
  Error cannot_open() const;
  Error read_only_trouble(int code) const;
  Error unrecoverable_wal() const;
  bool uses_wal() const;
  Result<std::int64_t> begin();

  const std::filesystem::path file_;
  SessionOptions options_;
  std::stop_token stop_;
  sqlite3* handle_ = nullptr;
  int text_encoding_ = SQLITE_UTF8;
  bool pinned_ = false;
  bool reading_ = false;  // a ReadTransaction lives
  const std::int64_t* progress_ = nullptr;
  std::int64_t seen_progress_ = 0;
  std::chrono::steady_clock::time_point silent_since_;
  std::chrono::steady_clock::time_point busy_since_;
};

/// What a session that shares a snapshot answers once the instant cannot be read any more: unavailable,
/// RIVET_SNAPSHOT_GONE: another run can read, this one cannot.
Error snapshot_gone(const std::filesystem::path& file, std::string_view why);

/// A read transaction: everything read inside sees one state of the database. Ends, without a commit, with its life.
class ReadTransaction {
 public:
  /// Takes the snapshot, or takes part in that of a pinned connection. Errors: internal when the connection is already
  /// in a transaction, RIVET_SNAPSHOT_GONE when SQLite has ended the pinned one because of an error.
  static Result<ReadTransaction> begin(Connection& connection);
  ~ReadTransaction();
  ReadTransaction(ReadTransaction&& other) noexcept;
  ReadTransaction& operator=(ReadTransaction&&) = delete;

  /// SQLite's schema cookie: changes with every DDL statement.
  std::int64_t schema_version() const { return schema_version_; }

 private:
  ReadTransaction(Connection& connection, std::int64_t schema_version)
      : connection_(&connection), schema_version_(schema_version) {}

  Connection* connection_;
  std::int64_t schema_version_;
};

}  // namespace rivet::source::sqlite
