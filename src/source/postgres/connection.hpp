// SPDX-License-Identifier: Apache-2.0
// One libpq connection whose every wait can be stopped and has a limit.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "base/result.hpp"
#include "pq/libpq.hpp"
#include "source/postgres/quoting.hpp"

namespace rivet::source::postgres {

/// libpq connection keywords and values, in order; later ones win.
using ConnectParams = std::vector<std::pair<std::string, std::string>>;

using pq::PgResult;
using CopyRow = std::unique_ptr<char, decltype(&PQfreemem)>;

/// A block of a COPY stream; `bytes` is null at the end of the stream.
struct CopyBlock {
  CopyRow bytes{nullptr, PQfreemem};
  int size = 0;
};

/// A connection. Used by one thread at a time; closing is the destructor's.
class Connection {
 public:
  /// Connects within `timeout`. Errors: auth, config, unavailable, cancelled.
  static Result<std::unique_ptr<Connection>> open(const ConnectParams& params, std::chrono::seconds timeout,
                                                  std::stop_token stop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs one or more statements (simple protocol) and returns the last result. After `limit` of silence
  /// (zero: none) or a stop request the server is asked to cancel.
  Result<PgResult> execute(const std::string& sql, std::chrono::seconds limit);
  /// Runs one statement with text parameters.
  Result<PgResult> execute(const std::string& sql, const std::vector<std::string>& parameters,
                           std::chrono::seconds limit);
  /// The result columns of a statement without running it.
  Result<PgResult> describe(const std::string& sql, std::chrono::seconds limit);

  /// Starts `COPY ... TO STDOUT`; then copy_block() until it returns a null block.
  Result<void> begin_copy(const std::string& sql, std::chrono::seconds limit);
  Result<CopyBlock> copy_block(std::chrono::seconds limit);
  /// Rows that the server's command tag reports. REQUIRES: copy_block() has returned the end.
  Result<std::int64_t> finish_copy(std::chrono::seconds limit);

  /// Asks the server to stop what it is doing; used when a stream is dropped half way. Waits at most 2 s for it.
  void cancel();
  /// Reads and drops what is left of a statement that was cancelled or given up, so that the next one can be sent.
  /// Waits for a silent server at most 10 s. Kind unavailable when the connection is lost.
  Result<void> settle();

  /// Every statement sent from here on adds one to `counter`, which must outlive the connection.
  void count_statements(std::atomic<std::int64_t>* counter) { statements_ = counter; }

  int server_version() const;  ///< 150004 for 15.4
  /// Process id that whoever took the connection gave for cancelling; a pooler gives one of its own.
  int announced_process() const;
  /// TLS version and cipher; empty in plain text.
  std::string encryption() const;
  std::string parameter(const char* name) const;
  std::string quoted_identifier(std::string_view name) const;
  std::string quoted_literal(std::string_view text) const;
  /// The two above; valid as long as this connection.
  Quoting quoting() const;

 private:
  Connection(PGconn* connection, std::stop_token stop);

  enum class Wake { readable, writable, silence };
  Result<Wake> wait(bool for_write, std::chrono::milliseconds limit);
  Result<void> send(int sent, std::chrono::seconds limit);
  Result<PgResult> collect(std::chrono::seconds limit);
  Result<void> await_input(std::chrono::seconds limit,
                           std::optional<std::chrono::steady_clock::time_point>& silent_since);
  Error stopped() const;
  Error silent(std::chrono::seconds limit);

  PGconn* connection_;
  std::stop_token stop_;
  int wake_fd_;
  std::atomic<std::int64_t>* statements_ = nullptr;
  bool cancel_hangs_ = false;  // the server did not answer the last request: it would not answer another
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace rivet::source::postgres
