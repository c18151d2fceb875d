// SPDX-License-Identifier: Apache-2.0
// SQLite's C interface as values that release themselves: a connection, a running statement, a transaction.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace rivet::state::sqlite {

/// A statement's text under a name, for messages and tests. Identified by its address: define it `inline constexpr`.
struct Query {
  std::string_view name;
  std::string_view text;
};

/// Bytes that are no text.
struct Blob {
  std::string_view bytes;
};

/// One execution of a prepared statement. next() moves from row to row; the readers then take the columns of the row
/// from left to right. Destruction resets the statement. A value that is not what its reader expects is
/// remembered and reported by the following next() or finish().
class Execution {
 public:
  Execution(sqlite3* database, sqlite3_stmt* statement, std::string_view query, const std::string& path);
  ~Execution();
  Execution(Execution&& other) noexcept;
  Execution& operator=(Execution&&) = delete;

  /// Parameters, in order.
  void bind(std::string_view value);
  void bind(const std::string& value) { bind(std::string_view(value)); }
  void bind(const char* value) { bind(std::string_view(value)); }
  void bind(Blob value);
  void bind(std::nullopt_t);
  void bind(base::Timestamp value);
  template <std::integral I>
  void bind(I value) {
    bind_integer(static_cast<std::int64_t>(value));
  }
  template <class T>
  void bind(const std::optional<T>& value) {
    if (value) return bind(*value);
    bind(std::nullopt);
  }

  /// Whether there is another row. Statements that return none run to their end here.
  Result<bool> next();
  /// Runs to the end of a statement that returns no row.
  Result<void> run();
  /// The problem of the last row's values, if there was one.
  Result<void> finish() const;

  std::string text();  ///< empty for NULL
  std::optional<std::string> optional_text();
  std::string blob();      ///< bytes; empty for NULL
  std::int64_t integer();  ///< 0 for NULL
  std::optional<std::int64_t> optional_integer();
  int small_integer();
  bool boolean() { return integer() != 0; }
  std::optional<bool> optional_boolean();
  base::Timestamp time();
  std::optional<base::Timestamp> optional_time();
  /// Remembers that a value of this row is not what it should be.
  void refuse(std::string_view what);

 private:
  void bind_integer(std::int64_t value);
  void bound(int code);
  bool is_null() const;
  std::string_view view() const;

  sqlite3* database_;
  sqlite3_stmt* statement_;
  std::string_view query_;
  const std::string& path_;
  int parameter_ = 0;
  int column_ = 0;
  int bind_error_ = 0;
  std::string problem_;
};

class Connection;

/// An open transaction. Rolls back on destruction unless it was committed. The connection must outlive it.
class Transaction {
 public:
  explicit Transaction(Connection* connection) : connection_(connection) {}
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// Makes the changes durable.
  Result<void> commit();

 private:
  Connection* connection_;
};

/// One database file, opened for reading and writing. Not thread safe.
class Connection {
 public:
  /// Opens or creates the file and waits up to `busy_timeout_ms` for locks. Nothing is read or written yet.
  /// Kinds: config when the directory does not exist, permanent when it cannot be opened.
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& path, int busy_timeout_ms);
  /// A database in memory: a copy of that in the file, or empty when there is no file. Nothing is written, so that a
  /// folder will do that may only be read. Kinds: permanent when the file cannot be read, data when it is none of ours.
  static Result<std::unique_ptr<Connection>> open_copy(const std::filesystem::path& path, int busy_timeout_ms);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Prepares statements once and for all. Kind internal when one does not fit the schema.
  Result<void> prepare(std::span<const Query* const> queries);

  /// Binds `values` to a prepared query. A query that was not prepared gives an execution that fails.
  template <class... Values>
  Execution start(const Query& query, const Values&... values) {
    Execution execution(database_, find(query), query.name, path_);
    (execution.bind(values), ...);
    return execution;
  }

  /// Runs a prepared query that returns no rows.
  template <class... Values>
  Result<void> run(const Query& query, const Values&... values) {
    auto execution = start(query, values...);
    return execution.run();
  }

  /// Runs unprepared statements, separated by semicolons.
  Result<void> run_script(std::string_view sql);
  /// The first column of the first row of an unprepared statement; empty when there is no row.
  Result<std::string> ask(std::string_view sql);

  /// Takes the write lock at once, so that what is read inside stays true until the commit.
  Result<Transaction> begin_write();
  /// One view of the database over several statements.
  Result<Transaction> begin_read();

  /// Whether a transaction is open.
  bool in_transaction() const;
  bool read_only() const;
  const std::string& path() const { return path_; }

 private:
  Connection(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}
  /// What SQLite opens by this name; errors name `path`.
  static Result<std::unique_ptr<Connection>> open_named(const std::string& name, int flags, int busy_timeout_ms,
                                                        const std::filesystem::path& path);
  static Result<std::unique_ptr<Connection>> open_for_reading(const std::filesystem::path& path, int busy_timeout_ms);
  sqlite3_stmt* find(const Query& query) const;

  sqlite3* database_;
  std::string path_;
  std::unordered_map<const Query*, sqlite3_stmt*> statements_;
};

}  // namespace rivet::state::sqlite
