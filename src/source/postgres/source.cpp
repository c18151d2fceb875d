// SPDX-License-Identifier: Apache-2.0
// Opens sessions; each probe and each read is a read-only transaction with every setting that could change
// a value or a limit pinned inside it, so that a pooler in transaction mode may hand out any connection.
#include "source/postgres/source.hpp"

#include <utility>

#include <fmt/format.h>

#include "source/postgres/connect_params.hpp"
#include "source/postgres/connection.hpp"
#include "source/postgres/copy_stream.hpp"
#include "source/postgres/describe.hpp"

namespace rivet::source::postgres {
namespace {

using std::chrono::seconds;

constexpr seconds kConnectTimeout{15};

/// BEGIN and the pinned settings. Timeouts are in seconds, 0 is none.
std::string begin_statement(seconds statement_timeout, seconds lock_timeout) {
  return fmt::format(
      "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
      "SET LOCAL statement_timeout = '{}s'; SET LOCAL lock_timeout = '{}s';"
      "SET LOCAL idle_in_transaction_session_timeout = 0;"
      "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601'; SET LOCAL TimeZone = 'UTC';"
      "SET LOCAL lc_monetary = 'C'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'",
      statement_timeout.count(), lock_timeout.count());
}

class PostgresSession final : public Session {
 public:
  PostgresSession(std::unique_ptr<Connection> connection, const SessionOptions& options)
      : connection_(std::move(connection)), options_(options) {}

  Result<model::Inventory> describe(const model::Relation& relation, const model::TypeOverrides& overrides) override {
    TRY(begin());
    auto description = postgres::describe(*connection_, relation, overrides, options_.statement_timeout)
                           .context("looking at " + model::display_name(relation));
    if (!description) {
      connection_->execute("ROLLBACK", options_.statement_timeout).ignore("the first error is the one to report");
      return fail(std::move(description).error());
    }
    TRY(connection_->execute("COMMIT", options_.statement_timeout));
    return std::move(description->inventory);
  }

  Result<std::unique_ptr<BatchStream>> read(const ReadRequest& request) override {
    TRY(begin());
    auto instant = TRY(take_instant());
    auto description = TRY(describe_as(*connection_, request.relation, request.columns, options_.statement_timeout)
                               .context("looking at " + model::display_name(request.relation)));
    // The data may flow for as long as the unit needs: only silence is limited, by the stream's own clock.
    TRY(connection_->execute("SET LOCAL statement_timeout = 0", options_.statement_timeout));
    return open_copy_stream(*connection_, {.request = request,
                                           .description = std::move(description),
                                           .instant = std::move(instant),
                                           .silence_limit = options_.statement_timeout});
  }

 private:
  Result<void> begin() {
    TRY(connection_->execute(begin_statement(options_.statement_timeout, options_.lock_timeout),
                             options_.statement_timeout));
    return {};
  }

  /// The first statement of the transaction fixes its snapshot; a standby has one too.
  Result<ReadInstant> take_instant() {
    const auto row =
        TRY(connection_->execute("SELECT pg_current_snapshot()::text, to_char(clock_timestamp() AT TIME ZONE 'UTC', "
                                 "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
                                 options_.statement_timeout));
    return ReadInstant{.at = TRY(base::parse_rfc3339(PQgetvalue(row.get(), 0, 1))),
                       .snapshot = PQgetvalue(row.get(), 0, 0)};
  }

  std::unique_ptr<Connection> connection_;
  SessionOptions options_;
};

class PostgresSource final : public Source {
 public:
  explicit PostgresSource(ConnectParams params) : params_(std::move(params)) {}

  Result<std::unique_ptr<Session>> open(const SessionOptions& options, std::stop_token stop) const override {
    auto connection =
        TRY(Connection::open(params_, kConnectTimeout, std::move(stop)).context("connecting to PostgreSQL"));
    return std::make_unique<PostgresSession>(std::move(connection), options);
  }

 private:
  ConnectParams params_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_postgres_source(const config::Source& config) {
  return std::make_unique<PostgresSource>(TRY(connect_params(config)));
}

}  // namespace rivet::source::postgres
