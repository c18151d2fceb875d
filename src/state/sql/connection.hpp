// SPDX-License-Identifier: Apache-2.0
// What a store needs of a database, whichever it is: running statements, reading rows, transactions, locks.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace rivet::state::sql {

/// A statement's text under a name, for messages and tests.
struct Query {
  std::string_view name;
  std::string_view text;
  bool often =
      false;  ///< a server may keep its plan: one that is good for any values, in an empty table and a large one
};
constexpr bool kOften = true;

/// A column of a table.
struct Column {
  std::string name;
  bool is_blob = false;
};

/// Bytes that are no text. They must live until the first next() of the execution that they are bound to.
struct Blob {
  std::string_view bytes;
};

/// A set of numbers, for `IN (SELECT value FROM json_each(?/*::bigint[]*/))`.
struct Numbers {
  std::vector<std::int64_t> of;

  /// `1,2,3`
  std::string joined() const;
};

/// What a parameter is given: NULL, a number, text, bytes, a set.
using Value = std::variant<std::monostate, std::int64_t, std::string, Blob, Numbers>;

inline Value to_value(std::string_view text) { return std::string(text); }
inline Value to_value(const std::string& text) { return text; }
inline Value to_value(const char* text) { return std::string(text); }
inline Value to_value(Blob bytes) { return bytes; }
inline Value to_value(const Numbers& numbers) { return numbers; }
inline Value to_value(base::Timestamp at) { return base::to_rfc3339(at); }
template <std::integral I>
Value to_value(I number) {
  return static_cast<std::int64_t>(number);
}
template <class T>
Value to_value(const std::optional<T>& value) {
  return value ? to_value(*value) : Value();
}

/// The rows of a statement as an engine gives them. Columns count from 0.
class Cursor {
 public:
  virtual ~Cursor() = default;

  /// Moves to the next row, first of all to the first. False when there is none.
  virtual Result<bool> next() = 0;
  virtual bool is_null(int column) const = 0;
  /// Empty for NULL; valid until the next row.
  virtual std::string_view text(int column) const = 0;
  /// Bytes; empty for NULL.
  virtual std::string blob(int column) const = 0;
  /// 0 for NULL.
  virtual std::int64_t integer(int column) const = 0;
};

/// One execution of a statement. next() moves from row to row; the readers then take the columns of the row from left
/// to right. A value that is not what its reader expects is remembered and reported by the following next() or
/// finish(). The connection must outlive it.
class Execution {
 public:
  Execution(std::unique_ptr<Cursor> cursor, std::string_view query, const std::string& location)
      : cursor_(std::move(cursor)), query_(query), location_(location) {}

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
  /// Whether the next column is NULL, which is then passed over.
  bool skip_null();

  std::unique_ptr<Cursor> cursor_;
  std::string_view query_;
  const std::string& location_;
  int column_ = 0;
  std::string problem_;
};

class Connection;

/// An open transaction. Rolls back on destruction unless it was committed. The connection must outlive it.
class Transaction {
 public:
  Transaction(Connection* connection, bool writes) : connection_(connection), writes_(writes) {}
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)), writes_(other.writes_) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// Makes the changes durable. An error means that they are not, or that nobody can say. One that writes passes the
  /// fault points `before_commit` and `committed`.
  Result<void> commit();

 private:
  Connection* connection_;
  bool writes_;
};

/// One connection to the database that holds a store. Not thread safe.
class Connection {
 public:
  Connection() = default;
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Binds `values` to a query and starts it; errors come with the execution's first next(). Queries that do not need
  /// each other's rows had better be started before the first is read: to a server they travel together. One query is
  /// not started again while it is read.
  template <class... Values>
  Execution start(const Query& query, const Values&... values) {
    return {execute(query, std::vector<Value>{to_value(values)...}), query.name, location()};
  }
  /// The same for values that are known as such.
  Execution start_with(const Query& query, std::vector<Value> values) {
    return {execute(query, std::move(values)), query.name, location()};
  }

  /// Runs a query that returns no rows. Its error may come with a later query of the transaction, or with its commit.
  template <class... Values>
  Result<void> run(const Query& query, const Values&... values) {
    return post(query, std::vector<Value>{to_value(values)...});
  }

  /// A transaction for an update. What is read inside stays true until the commit as far as the update holds the lock
  /// for it: lock_export() and the `FOR` of statements.
  Result<Transaction> begin_write();
  /// One view of the database over several statements.
  Result<Transaction> begin_read();

  /// Waits until no other write transaction holds the export, and holds it until the end of this one.
  virtual Result<void> lock_export(const std::string& export_name) = 0;
  /// Likewise for the journal of a run.
  virtual Result<void> lock_journal(const std::string& run_id) = 0;

  /// Tells those who wait for hints (cascade::Hints) that something happened, once this transaction is committed.
  virtual Result<void> notify() = 0;

  /// Whether what failed this way may be done again from the beginning of its transaction, now: waits and connects
  /// again where that is needed. `attempt` counts the failures of the same work from 1.
  virtual bool may_repeat(const Error& error, int attempt) = 0;

  /// The columns of a table in their order; none when there is no such table.
  virtual Result<std::vector<Column>> columns_of(const std::string& table) = 0;
  /// The next row of the table gets a higher number in this column than all that are there.
  virtual Result<void> number_from(const std::string& table, const std::string& column) = 0;

  /// Where the store lies, for people: a path or a redacted URL.
  virtual const std::string& location() const = 0;

 protected:
  friend class Transaction;
  virtual std::unique_ptr<Cursor> execute(const Query& query, std::vector<Value> values) = 0;
  /// Of run(): at once, unless there is a better time for it within the transaction.
  virtual Result<void> post(const Query& query, std::vector<Value> values);
  virtual Result<void> open_write() = 0;
  virtual Result<void> open_read() = 0;
  virtual bool in_transaction() const = 0;
  virtual Result<void> commit() = 0;
  virtual void rollback() = 0;
};

}  // namespace rivet::state::sql
