// SPDX-License-Identifier: Apache-2.0
// The store: one connection behind one mutex, a transaction around every update and every question.
#include "state/sql/sql_store.hpp"

#include <limits>

#include <fmt/format.h>

#include "model/column_json.hpp"
#include "model/json_fields.hpp"
#include "state/sql/apply.hpp"
#include "state/sql/rows.hpp"
#include "state/sql/statements.hpp"
#include "state/sql/transact.hpp"

namespace rivet::state::sql {
namespace {

namespace journal = model::journal;

std::int64_t limit_of(const Filter& filter) {
  return filter.limit <= 0 ? std::numeric_limits<std::int64_t>::max() : filter.limit;
}

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

class SqlStore final : public StateStore, private SharedConnection {
 public:
  SqlStore(std::unique_ptr<Connection> connection, std::string location)
      : SharedConnection(std::move(connection)), location_(location.empty() ? db_.location() : std::move(location)) {}

  Result<void> apply(const StateUpdate& update) override {
    return write([&] { return std::visit([&](const auto& change) { return sql::apply(db_, change); }, update); });
  }

  Result<std::optional<UnitClaim>> claim(const std::string& run_id, const Owner& owner, base::Timestamp at,
                                         base::Timestamp lease_until) override {
    return write([&] { return claim_unit(db_, run_id, owner, at, lease_until); });
  }

  Result<std::optional<RunView>> run(const std::string& run_id) override {
    return read([&] { return read_first(db_.start(kSelectRun, run_id), read_run); });
  }

  Result<std::vector<RunView>> unfinished_runs(const std::string& export_name) override {
    return read([&] { return read_all(db_.start(kSelectUnfinished, export_name), read_run); });
  }

  Result<std::vector<RunView>> unswept_runs(const std::string& export_name) override {
    return read([&] { return read_all(db_.start(kSelectUnswept, export_name), read_run); });
  }

  Result<std::vector<RunView>> runs(const Filter& filter) override {
    return read([&] {
      return read_all(db_.start(kSelectRuns, filter.export_name, filter.run_id, limit_of(filter)), read_run);
    });
  }

  Result<std::vector<UnitView>> units(const std::string& run_id) override {
    return read([&] { return read_all(db_.start(kSelectUnits, run_id), read_unit); });
  }

  Result<std::vector<FileView>> live_parts(const std::string& export_name, const std::string& prefix) override {
    return read([&] { return read_all(db_.start(kSelectLiveParts, export_name, prefix), read_file); });
  }

  Result<std::vector<FileView>> superseded_parts(const std::string& export_name, const std::string& prefix) override {
    return read([&] { return read_all(db_.start(kSelectSuperseded, export_name, prefix), read_file); });
  }

  Result<std::vector<LiveUnit>> live_units(const std::string& export_name, const std::string& prefix) override {
    return read([&] { return read_all(db_.start(kSelectLiveUnits, export_name, prefix), read_live_unit); });
  }

  Result<std::int64_t> generation(const std::string& export_name, const std::string& prefix) override {
    return read([&] { return current_generation(db_, export_name, prefix); });
  }

  Result<std::vector<FileView>> files(const Filter& filter) override {
    return read([&] {
      return read_all(db_.start(kSelectFiles, filter.export_name, filter.run_id, limit_of(filter)), read_file);
    });
  }

  Result<std::optional<model::Columns>> schema_baseline(const std::string& export_name) override {
    const auto text = TRY(read([&] { return read_first(db_.start(kSelectSchema, export_name), read_text); }));
    if (!text) return std::optional<model::Columns>();
    auto columns = TRY(model::columns_from_json_text(*text).context(
        fmt::format("reading the schema baseline of export '{}' in {}", export_name, location_)));
    return std::optional<model::Columns>(std::move(columns));
  }

  Result<std::map<std::string, std::int64_t>> shapes(const std::string& export_name) override {
    std::map<std::string, std::int64_t> found;
    const auto rows = TRY(read([&] { return read_all(db_.start(kSelectShapes, export_name), read_shape); }));
    for (const auto& [column, bytes] : rows) {
      found.emplace(column, bytes);
    }
    return found;
  }

  Result<std::optional<model::Position>> position(const std::string& export_name) override {
    const auto text = TRY(read([&] { return read_first(db_.start(kSelectPosition, export_name), read_text); }));
    if (!text) return std::optional<model::Position>();
    auto position = TRY(model::position_from_json_text(*text).context(
        fmt::format("reading the position of export '{}' in {}", export_name, location_)));
    return std::optional<model::Position>(std::move(position));
  }

  Result<std::vector<RecentGroup>> recent_keys(const std::string& export_name) override {
    return read([&] { return read_all(db_.start(kSelectRecent, export_name), read_recent_group); });
  }

  Result<std::vector<std::string>> unique_hashes(const std::string& run_id, const std::string& column) override {
    return read([&] { return read_all(db_.start(kSelectHashes, run_id, column), read_blob); });
  }

  Result<std::vector<journal::Journal>> journals(const Filter& filter) override {
    return read([&] { return load_journals(filter); });
  }

  Result<std::vector<MetricsRecorded>> metrics(const Filter& filter) override {
    return read([&] {
      return read_all(db_.start(kSelectMetrics, filter.export_name, filter.run_id, limit_of(filter)), read_metrics);
    });
  }

  Result<std::vector<ExportView>> exports() override {
    return read([&] { return read_all(db_.start(kSelectExports), read_export); });
  }

  Result<std::vector<ProgressionView>> progression(const Filter& filter) override {
    return read([&] {
      return read_all(db_.start(kSelectProgression, filter.export_name, limit_of(filter)), read_progression);
    });
  }

  Result<std::vector<std::string>> known_exports() override {
    return read([&] { return read_all(db_.start(kSelectKnownExports), read_text); });
  }

  std::string location() const override { return location_; }

 private:
  Result<std::vector<journal::Journal>> load_journals(const Filter& filter) {
    auto found = TRY(
        read_all(db_.start(kSelectJournals, filter.export_name, filter.run_id, limit_of(filter)), read_journal_head));
    for (auto& journal : found) TRY(load_entries(journal));
    return found;
  }

  Result<void> load_entries(journal::Journal& journal) {
    auto rows = db_.start(kSelectEvents, journal.run_id);
    while (TRY(rows.next())) {
      const auto doing = [&] { return fmt::format("reading the journal of run {} in {}", journal.run_id, location_); };
      journal.entries.push_back(TRY(read_entry(rows).context(doing())));
    }
    return {};
  }

  const std::string location_;
};

}  // namespace

std::unique_ptr<StateStore> make_store(std::unique_ptr<Connection> connection, std::string location) {
  return std::make_unique<SqlStore>(std::move(connection), std::move(location));
}

}  // namespace rivet::state::sql
