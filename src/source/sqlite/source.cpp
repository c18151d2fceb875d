// SPDX-License-Identifier: Apache-2.0
// Sessions over one database file.
#include "source/sqlite/source.hpp"

#include "source/sqlite/connection.hpp"
#include "source/sqlite/describe.hpp"
#include "source/sqlite/stream.hpp"

#include <filesystem>
#include <utility>

namespace rivet::source::sqlite {
namespace {

class SqliteSession final : public Session {
 public:
  SqliteSession(std::unique_ptr<Connection> connection, const base::Clock& clock)
      : connection_(std::move(connection)), clock_(clock) {}

  Result<model::Inventory> describe(const model::Relation& relation, const model::TypeOverrides& overrides) override {
    return describe_relation(*connection_, relation, overrides).context("describing " + model::display_name(relation));
  }

  Result<std::unique_ptr<BatchStream>> read(const ReadRequest& request) override {
    return open_stream(*connection_, request, clock_.now()).context("reading " + model::display_name(request.relation));
  }

 private:
  std::unique_ptr<Connection> connection_;
  const base::Clock& clock_;
};

class SqliteSource final : public Source {
 public:
  SqliteSource(std::filesystem::path file, const base::Clock& clock) : file_(std::move(file)), clock_(clock) {}

  Result<std::unique_ptr<Session>> open(const SessionOptions& options, std::stop_token stop) const override {
    auto connection = TRY(Connection::open(file_, options, std::move(stop)));
    return std::make_unique<SqliteSession>(std::move(connection), clock_);
  }

 private:
  const std::filesystem::path file_;
  const base::Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_sqlite_source(const config::Source& config, const base::Clock& clock) {
  if (config.path.empty()) {
    return fail(Error{.kind = ErrorKind::config,
                      .message = "the sqlite source names no file",
                      .hint = "set source.path to the database file"});
  }
  return std::make_unique<SqliteSource>(config.path, clock);
}

}  // namespace rivet::source::sqlite
