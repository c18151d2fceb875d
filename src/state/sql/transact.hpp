// SPDX-License-Identifier: Apache-2.0
// Work in a transaction of its own, done again where the connection says that this helps: the one place where lost
// connections and transactions that came between are answered.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "state/sql/connection.hpp"

namespace rivet::state::sql {

namespace detail {

template <class Work>
auto once(Connection& db, Result<Transaction> (Connection::*begin)(), Work& work) -> decltype(work()) {
  auto transaction = TRY((db.*begin)());
  auto result = work();
  if (!result) return result;
  TRY(transaction.commit());
  return result;
}

template <class Work>
auto until_settled(Connection& db, Result<Transaction> (Connection::*begin)(), Work& work) -> decltype(work()) {
  for (int failures = 1;; ++failures) {
    auto result = once(db, begin, work);
    if (result || !db.may_repeat(result.error(), failures)) return result;
  }
}

}  // namespace detail

/// Does `work`, which returns a Result, in a write transaction and commits it; nothing of it is kept when it fails.
template <class Work>
auto write_transaction(Connection& db, Work work) -> decltype(work()) {
  return detail::until_settled(db, &Connection::begin_write, work);
}

/// Does `work` with one view of the database.
template <class Work>
auto read_transaction(Connection& db, Work work) -> decltype(work()) {
  return detail::until_settled(db, &Connection::begin_read, work);
}

/// A connection that any thread may use, one at a time. What reads and writes derives from it.
class SharedConnection {
 protected:
  explicit SharedConnection(std::unique_ptr<Connection> connection)
      : connection_(std::move(connection)), db_(*connection_) {}

  /// write_transaction() and read_transaction(), when no other thread is at it.
  template <class Work>
  auto write(Work work) -> decltype(work()) {
    const std::scoped_lock lock(mutex_);
    return write_transaction(db_, std::move(work));
  }
  template <class Work>
  auto read(Work work) -> decltype(work()) {
    const std::scoped_lock lock(mutex_);
    return read_transaction(db_, std::move(work));
  }

 private:
  std::mutex mutex_;
  const std::unique_ptr<Connection> connection_;

 protected:
  Connection& db_;  ///< for the work of write() and read() only
};

}  // namespace rivet::state::sql
