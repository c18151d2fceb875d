// SPDX-License-Identifier: Apache-2.0
// One libpq connection to the state store, which outlives lost connections to the server.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "pq/libpq.hpp"
#include "state/postgres/pipeline.hpp"
#include "state/sql/connection.hpp"

namespace rivet::state::postgres {

/// Where a store lies.
struct Address {
  std::vector<std::pair<std::string, std::string>> params;  ///< libpq keywords and values
  std::string schema;                                       ///< that holds the tables
  std::string location;                                     ///< for people, without credentials
};

/// A connection that keeps settings and prepared statements on the server only where it leads to the server itself,
/// which each transaction makes sure of: behind a pooler each may meet another server session, and brings its settings
/// along. Statements travel together, as far as the one whose rows are asked for first, or with the COMMIT. A lost
/// connection is made anew by may_repeat(); whether a transaction whose COMMIT was not answered has come about is asked
/// of the server by its number (txid_status), which answers for good. Not thread safe.
class Connection final : public sql::Connection {
 public:
  /// Connects. Kinds: auth, config, unavailable.
  static Result<std::unique_ptr<Connection>> open(Address address);

  /// Runs statements, separated by semicolons.
  Result<void> run_script(const std::string& sql);
  /// The first column of the first row; empty when there is no row, or NULL there.
  Result<std::string> ask(const std::string& sql);
  /// A name as it stands in a statement.
  std::string quoted(const std::string& identifier) const;
  const std::string& schema() const { return address_.schema; }
  /// Waits for the right to change the schema, and has it until the end of the transaction.
  Result<void> lock_tables();

  /// Whether whoever took the connection announced another process than the one that answers pg_backend_pid().
  bool behind_pooler(std::string_view server_process) const;

  Result<void> lock_export(const std::string& export_name) override;
  Result<void> lock_journal(const std::string& run_id) override;
  Result<void> notify() override;
  bool may_repeat(const Error& error, int attempt) override;
  const std::string& location() const override { return address_.location; }
  Result<std::vector<sql::Column>> columns_of(const std::string& table) override;
  Result<void> number_from(const std::string& table, const std::string& column) override;

 private:
  friend class ResultCursor;

  explicit Connection(Address address) : address_(std::move(address)) {}
  Result<void> connect();
  /// Connects again while the server is away, for a while.
  Result<void> reconnect();
  /// Waits for what was posted and takes in what the opening of a transaction says.
  Result<void> receive(std::vector<pq::PgResult>& results);
  Result<pq::PgResult> run_text(const std::string& sql);
  /// Posts a query; under the number, answer_of() has its rows, once.
  Result<std::int64_t> ask_later(const sql::Query& query, std::vector<sql::Value> values);
  Result<pq::PgResult> answer_of(std::int64_t number);
  Result<void> lock(std::string_view what, std::string_view name);
  /// Whether the transaction whose COMMIT was lost has come about; the error says what was lost.
  Result<void> find_out(Error lost);
  /// For the transaction when `local` is "true", else for the session.
  std::string settings(std::string_view local) const;
  Result<void> open(const char* begin, std::string_view what);
  /// What belongs to a transaction that is over.
  void forget();

  std::unique_ptr<sql::Cursor> execute(const sql::Query& query, std::vector<sql::Value> values) override;
  Result<void> post(const sql::Query& query, std::vector<sql::Value> values) override;
  Result<void> open_write() override;
  Result<void> open_read() override;
  bool in_transaction() const override;
  Result<void> commit() override;
  void rollback() override;

  Address address_;
  Pipeline pipeline_{pq::PgHandle(nullptr, PQfinish), {}};
  std::string transaction_id_;                               ///< of the open write transaction, once it is known
  std::unordered_map<std::string, std::string> texts_;       ///< of statements, by what they were made from
  std::vector<std::pair<std::int64_t, std::size_t>> asked_;  ///< numbers, and their places among what is pending
  std::map<std::int64_t, pq::PgResult> answers_;             ///< that nobody has taken yet
  std::int64_t last_asked_ = 0;
  bool hints_ = false;   ///< the open transaction has something to tell
  bool direct_ = false;  ///< there is nobody between us and the server
  bool begun_ = false;   ///< a BEGIN was posted and not received
};

}  // namespace rivet::state::postgres
