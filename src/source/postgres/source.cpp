// SPDX-License-Identifier: Apache-2.0
// Connects with the parameters that the configuration and the TLS rules agree on.
#include "source/postgres/source.hpp"

#include <utility>

#include "source/postgres/connect_params.hpp"
#include "source/postgres/connection.hpp"
#include "source/postgres/session.hpp"

namespace rivet::source::postgres {
namespace {

constexpr std::chrono::seconds kConnectTimeout{15};

class PostgresSource final : public Source {
 public:
  explicit PostgresSource(ConnectParams params) : params_(std::move(params)) {}

  Result<std::unique_ptr<Session>> open(const SessionOptions& options, std::stop_token stop) const override {
    auto connection =
        TRY(Connection::open(params_, kConnectTimeout, std::move(stop)).context("connecting to PostgreSQL"));
    connection->count_statements(options.statements);
    return make_session(std::move(connection), options);
  }

  Capabilities capabilities() const override {
    return {.shared_snapshot = true,
            .pages = true,
            .row_versions = true,
            .statements_to_plan = 30,
            .statements_per_unit = 8};
  }

 private:
  ConnectParams params_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_postgres_source(const config::Source& config) {
  return std::make_unique<PostgresSource>(TRY(connect_params(config)));
}

}  // namespace rivet::source::postgres
