// SPDX-License-Identifier: Apache-2.0
// Sessions over one database file.
#include "source/sqlite/source.hpp"

#include "source/sqlite/catalogue.hpp"
#include "source/sqlite/connection.hpp"
#include "source/sqlite/describe.hpp"
#include "source/sqlite/explain.hpp"
#include "source/sqlite/key_probe.hpp"
#include "source/sqlite/misfits.hpp"
#include "source/sqlite/snapshot.hpp"
#include "source/sqlite/stream.hpp"

#include <filesystem>
#include <optional>
#include <utility>

namespace rivet::source::sqlite {
namespace {

class SqliteSession final : public Session {
 public:
  SqliteSession(PinnedConnection connection, SessionOptions options, std::stop_token stop,
                std::shared_ptr<SharedInstants> instants, const base::Clock& clock)
      : at_(std::move(connection)),
        options_(std::move(options)),
        stop_(std::move(stop)),
        instants_(std::move(instants)),
        clock_(clock) {}

  ~SqliteSession() override {
    if (shares_) {
      instants_->end(at_.instant.snapshot);
    } else if (at_.connection->is_pinned()) {
      instants_->give_back(std::move(at_));
    }
  }

  Result<model::Inventory> describe(const model::Relation& relation, const model::TypeOverrides& overrides) override {
    return describe_relation(connection(), relation, overrides).context("describing " + model::display_name(relation));
  }

  Result<std::unique_ptr<BatchStream>> read(const ReadRequest& request) override {
    auto instant = connection().is_pinned() ? at_.instant : ReadInstant{clock_.now(), {}};
    return open_stream(connection(), request, std::move(instant))
        .context("reading " + model::display_name(request.relation));
  }

  Result<model::ScanPlan> explain(const ReadRequest& request) override {
    return explain_read(connection(), request)
        .context("explaining the read of " + model::display_name(request.relation));
  }

  Result<std::string> source_id() override { return "sqlite:" + connection().file().string(); }

  Result<std::vector<model::CatalogueEntry>> catalogue(const std::string& schema) override {
    return list_relations(connection(), schema).context("listing what there is");
  }

  Result<model::Misfits> misfits(const model::Relation& relation, const model::Columns& columns) override {
    return find_misfits(connection(), relation, columns).context("looking at " + model::display_name(relation));
  }

  RelationFault fault_of(const Error& error) const override { return relation_fault(error); }

  Result<model::KeyExtent> key_extent(const model::Relation& relation, const model::KeyColumns& key) override {
    return sqlite::key_extent(connection(), relation, key)
        .context("finding the ends of the key of " + model::display_name(relation));
  }

  Result<std::vector<model::KeyValues>> split_points(const model::Relation& relation, const model::KeyColumns& key,
                                                     int parts) override {
    return sqlite::split_points(connection(), relation, key, parts)
        .context("splitting " + model::display_name(relation));
  }

  Result<std::int64_t> page_count(const model::Relation& relation) override {
    return fail(ErrorKind::config, model::display_name(relation) + ": a SQLite table cannot be read by pages",
                "split it by a key or by its rowid");
  }

  Result<std::optional<std::int64_t>> row_estimate(const model::Relation& relation) override {
    return TRY(row_count(relation));
  }

  Result<std::int64_t> row_count(const model::Relation& relation) override {
    return sqlite::row_count(connection(), relation).context("counting " + model::display_name(relation));
  }

  Result<model::Horizon> horizon() override {
    return fail(ErrorKind::config, "SQLite keeps no record of which transaction made a row",
                "rows can be told apart by key only");
  }

  Result<std::vector<std::int64_t>> count(const CountRequest& request) override {
    return count_rows(connection(), request).context("counting rows of " + model::display_name(request.relation));
  }

  Result<ServerFacts> facts() override {
    TRY(connection().query_integer("SELECT count(*) FROM sqlite_master"));
    return ServerFacts{.product = std::string("SQLite ") + sqlite3_libversion()};
  }

  Result<std::string> share_snapshot() override {
    if (connection().is_pinned()) return fail(ErrorKind::internal, "the session already reads a shared snapshot");
    at_.instant = TRY(instants_->share(connection(), options_, stop_));
    shares_ = true;
    return at_.instant.snapshot;
  }

 private:
  Connection& connection() { return *at_.connection; }

  PinnedConnection at_;  // with an instant only once it is pinned
  const SessionOptions options_;
  const std::stop_token stop_;
  const std::shared_ptr<SharedInstants> instants_;
  const base::Clock& clock_;
  bool shares_ = false;
};

class SqliteSource final : public Source {
 public:
  SqliteSource(std::filesystem::path file, const base::Clock& clock)
      : file_(std::move(file)), clock_(clock), instants_(std::make_shared<SharedInstants>(file_, clock)) {}

  Result<std::unique_ptr<Session>> open(const SessionOptions& options, std::stop_token stop) const override {
    auto connection = TRY(connect(options, stop));
    return std::make_unique<SqliteSession>(std::move(connection), options, std::move(stop), instants_, clock_);
  }

  Capabilities capabilities() const override {
    return {.shared_snapshot = true, .pages = false, .statements_to_plan = 30, .statements_per_unit = 8};
  }

 private:
  Result<PinnedConnection> connect(const SessionOptions& options, const std::stop_token& stop) const {
    if (!options.snapshot.empty()) return instants_->join(options, stop);
    return PinnedConnection{TRY(Connection::open(file_, options, stop)), {}};
  }

  const std::filesystem::path file_;
  const base::Clock& clock_;
  const std::shared_ptr<SharedInstants> instants_;  // shared with sessions, which may outlive the source
};

}  // namespace

Result<std::unique_ptr<Source>> make_sqlite_source(const config::Source& config, const base::Clock& clock) {
  if (config.path.empty()) {
    return fail(ErrorKind::config, "the sqlite source names no file", "set source.path to the database file");
  }
  return std::make_unique<SqliteSource>(config.path, clock);
}

}  // namespace rivet::source::sqlite
