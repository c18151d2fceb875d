// SPDX-License-Identifier: Apache-2.0
// The store: one connection behind one mutex, a write transaction around every update.
#include "state/sqlite/sqlite_store.hpp"

#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "model/column_json.hpp"
#include "model/json_fields.hpp"
#include "state/sqlite/apply.hpp"
#include "state/sqlite/migrate.hpp"
#include "state/sqlite/rows.hpp"
#include "state/sqlite/statements.hpp"

namespace rivet::state::sqlite {
namespace {

using namespace std::chrono_literals;
namespace journal = model::journal;

constexpr int kBusyTimeoutMs = 10'000;

std::int64_t limit_of(const Filter& filter) { return filter.limit <= 0 ? -1 : filter.limit; }

ExportView read_export(Execution& row) {
  ExportView view;
  view.export_name = row.text();
  view.last_cursor_value = row.optional_text();
  view.last_run_at = row.optional_time();
  return view;
}

journal::Journal read_journal_head(Execution& row) {
  journal::Journal head;
  head.run_id = row.text();
  head.export_name = row.text();
  return head;
}

std::pair<std::string, std::int64_t> read_shape(Execution& row) {
  auto column = row.text();
  return {std::move(column), row.integer()};
}

/// The entry in the columns recorded_at, event_json, entry_extra_json.
Result<journal::Entry> read_entry(Execution& row) {
  auto json = nlohmann::json{{"recorded_at", row.text()}};
  json["event"] = TRY(model::parse_json(row.text()));
  auto entry = TRY(journal::entry_from_json(json));
  entry.entry_extra_json = row.text();
  return entry;
}

class SqliteStore final : public StateStore {
 public:
  SqliteStore(std::unique_ptr<Connection> connection, std::string location)
      : connection_(std::move(connection)), db_(*connection_), location_(std::move(location)) {}

  Result<void> apply(const StateUpdate& update) override {
    const std::scoped_lock lock(mutex_);
    auto transaction = TRY(db_.begin_write());
    TRY(std::visit([this](const auto& change) { return sqlite::apply(db_, change); }, update));
    return transaction.commit();
  }

  Result<std::optional<UnitClaim>> claim(const std::string& run_id, const Owner& owner, base::Timestamp at,
                                         base::Timestamp lease_until) override {
    const std::scoped_lock lock(mutex_);
    auto transaction = TRY(db_.begin_write());
    auto claim = TRY(claim_unit(db_, run_id, owner, at, lease_until));
    TRY(transaction.commit());
    return claim;
  }

  Result<std::optional<RunView>> run(const std::string& run_id) override {
    const std::scoped_lock lock(mutex_);
    return read_first(db_.start(kSelectRun, run_id), read_run);
  }

  Result<std::vector<RunView>> unfinished_runs(const std::string& export_name) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectUnfinished, export_name), read_run);
  }

  Result<std::vector<RunView>> unswept_runs(const std::string& export_name) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectUnswept, export_name), read_run);
  }

  Result<std::vector<RunView>> runs(const Filter& filter) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectRuns, filter.export_name, filter.run_id, limit_of(filter)), read_run);
  }

  Result<std::vector<UnitView>> units(const std::string& run_id) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectUnits, run_id), read_unit);
  }

  Result<std::vector<FileView>> live_parts(const std::string& export_name, const std::string& prefix) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectLiveParts, export_name, prefix), read_file);
  }

  Result<std::vector<FileView>> superseded_parts(const std::string& export_name, const std::string& prefix) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectSuperseded, export_name, prefix), read_file);
  }

  Result<std::vector<LiveUnit>> live_units(const std::string& export_name, const std::string& prefix) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectLiveUnits, export_name, prefix), read_live_unit);
  }

  Result<std::int64_t> generation(const std::string& export_name, const std::string& prefix) override {
    const std::scoped_lock lock(mutex_);
    return current_generation(db_, export_name, prefix);
  }

  Result<std::vector<FileView>> files(const Filter& filter) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectFiles, filter.export_name, filter.run_id, limit_of(filter)), read_file);
  }

  Result<std::optional<model::Columns>> schema_baseline(const std::string& export_name) override {
    const std::scoped_lock lock(mutex_);
    const auto text = TRY(read_first(db_.start(kSelectSchema, export_name), read_text));
    if (!text) return std::optional<model::Columns>();
    auto columns = TRY(model::columns_from_json_text(*text).context(
        fmt::format("reading the schema baseline of export '{}' in {}", export_name, location_)));
    return std::optional<model::Columns>(std::move(columns));
  }

  Result<std::map<std::string, std::int64_t>> shapes(const std::string& export_name) override {
    const std::scoped_lock lock(mutex_);
    std::map<std::string, std::int64_t> found;
    for (auto& [column, bytes] : TRY(read_all(db_.start(kSelectShapes, export_name), read_shape))) {
      found.emplace(std::move(column), bytes);
    }
    return found;
  }

  Result<std::optional<model::Position>> position(const std::string& export_name) override {
    const std::scoped_lock lock(mutex_);
    const auto text = TRY(read_first(db_.start(kSelectPosition, export_name), read_text));
    if (!text) return std::optional<model::Position>();
    auto position = TRY(model::position_from_json_text(*text).context(
        fmt::format("reading the position of export '{}' in {}", export_name, location_)));
    return std::optional<model::Position>(std::move(position));
  }

  Result<std::vector<RecentGroup>> recent_keys(const std::string& export_name) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectRecent, export_name), read_recent_group);
  }

  Result<std::vector<std::string>> unique_hashes(const std::string& run_id, const std::string& column) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectHashes, run_id, column), read_blob);
  }

  Result<std::vector<journal::Journal>> journals(const Filter& filter) override {
    const std::scoped_lock lock(mutex_);
    const auto view = TRY(db_.begin_read());
    auto found = TRY(
        read_all(db_.start(kSelectJournals, filter.export_name, filter.run_id, limit_of(filter)), read_journal_head));
    for (auto& journal : found) TRY(load_entries(journal));
    return found;
  }

  Result<std::vector<MetricsRecorded>> metrics(const Filter& filter) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectMetrics, filter.export_name, filter.run_id, limit_of(filter)), read_metrics);
  }

  Result<std::vector<ExportView>> exports() override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectExports), read_export);
  }

  Result<std::vector<ProgressionView>> progression(const Filter& filter) override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectProgression, filter.export_name, limit_of(filter)), read_progression);
  }

  Result<std::vector<std::string>> known_exports() override {
    const std::scoped_lock lock(mutex_);
    return read_all(db_.start(kSelectKnownExports), read_text);
  }

  std::string location() const override { return location_; }

 private:
  Result<void> load_entries(journal::Journal& journal) {
    auto rows = db_.start(kSelectEvents, journal.run_id);
    while (TRY(rows.next())) {
      const auto doing = [&] { return fmt::format("reading the journal of run {} in {}", journal.run_id, location_); };
      journal.entries.push_back(TRY(read_entry(rows).context(doing())));
    }
    return {};
  }

  std::mutex mutex_;
  const std::unique_ptr<Connection> connection_;
  Connection& db_;
  const std::string location_;
};

/// SQLite does not always wait for a lock by itself (the switch to WAL, recovery after a crash), so opening repeats
/// what was refused until the time is up.
template <class Step>
Result<void> while_busy(Step step) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBusyTimeoutMs);
  for (;;) {
    auto result = step();
    const bool busy = !result.has_value() && result.error().kind == ErrorKind::unavailable;
    if (!busy || std::chrono::steady_clock::now() >= deadline) return result;
    std::this_thread::sleep_for(10ms);
  }
}

/// Brings the tables up to date and prepares what is asked of them.
Result<void> set_up(Connection& db) {
  TRY(while_busy([&] { return migrate(db); }));
  TRY(while_busy([&] { return db.run_script("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"); }));
  return while_busy([&] { return db.prepare(kEveryQuery); });
}

}  // namespace

Result<std::unique_ptr<StateStore>> open_sqlite_copy(const std::filesystem::path& path) {
  auto connection = TRY(Connection::open_copy(path, kBusyTimeoutMs));
  TRY(set_up(*connection));
  return std::unique_ptr<StateStore>(std::make_unique<SqliteStore>(std::move(connection), path.string()));
}

Result<std::unique_ptr<StateStore>> open_sqlite_store(const std::filesystem::path& path) {
  auto connection = TRY(Connection::open(path, kBusyTimeoutMs));
  auto& db = *connection;
  TRY(set_up(db));
  if (db.read_only()) {
    return fail(ErrorKind::permanent, fmt::format("the state store {} cannot be written", path.string()),
                "make the file and its directory writable for this user");
  }
  return std::unique_ptr<StateStore>(std::make_unique<SqliteStore>(std::move(connection), path.string()));
}

}  // namespace rivet::state::sqlite
