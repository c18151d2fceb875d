// SPDX-License-Identifier: Apache-2.0
// Statements that travel together: a round trip is for the one whose rows are asked for, not for each.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.hpp"
#include "pq/libpq.hpp"
#include "state/sql/connection.hpp"

namespace rivet::state::postgres {

/// One libpq connection in pipeline mode (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html). After a lost
/// connection it is of no use any more. Not thread safe.
class Pipeline {
 public:
  /// Takes over a connection that is open, or null: one that is lost. `location` names the store in errors.
  Pipeline(pq::PgHandle handle, std::string location);

  /// Sends a statement that is called `name` in errors. What the server says about it comes with the next receive();
  /// after an error it passes over all that follows until then. With `kept` the server keeps its plan for the next
  /// time, under a name made of its text: should somebody stand between us and the server unseen, a name means the same
  /// to everybody. Kind data: a text that PostgreSQL cannot keep.
  Result<void> post(std::string_view name, const std::string& text, const std::vector<sql::Value>& values, bool kept);
  /// Waits for all that was posted: its results in their order, or the first error.
  Result<std::vector<pq::PgResult>> receive();
  /// receive(), then statements separated by semicolons: the last one's result, or the first error.
  Result<pq::PgResult> run_text(const std::string& sql);

  /// How many statements were posted and not received.
  std::size_t pending() const;
  /// Whether there is one.
  bool is_pending() const { return !sent_.empty(); }
  /// Whether a transaction is open, or may be.
  bool in_transaction() const;
  bool is_lost() const { return handle_ == nullptr; }
  /// Who answered when the connection was made. REQUIRES: not lost.
  int announced_process() const { return PQbackendPID(handle_.get()); }
  /// REQUIRES: not lost.
  std::string literal(const std::string& text) const;

 private:
  struct Sent {
    std::string name;
    std::string keeps;  ///< the name under which the server keeps a statement, when that is what was sent
  };
  using Deadline = std::chrono::steady_clock::time_point;

  Result<void> keep(const std::string& kept_name, const std::string& text);
  /// The next result; null at the end of a statement's.
  Result<pq::PgResult> next_result(Deadline deadline);
  /// The last result of one statement; its first error goes to `error`.
  Result<pq::PgResult> last_result(Deadline deadline, std::optional<Error>& error);
  tl::unexpected<Error> lose(const std::string& why);
  tl::unexpected<Error> lose();

  pq::PgHandle handle_;
  std::string location_;
  std::vector<Sent> sent_;
  std::unordered_set<std::string> kept_;  ///< names on the server
};

}  // namespace rivet::state::postgres
