// SPDX-License-Identifier: Apache-2.0
// Journal, metrics, progression, and the views under the names users know.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "model/json_fields.hpp"
#include "state/sql/statements.hpp"
#include "state/store_fixture.hpp"

namespace rivet::state {
namespace {

namespace journal = model::journal;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class RecordsTest : public StoreTest {
 protected:
  void record(const std::string& run_id, int second, journal::Event event, const std::string& export_name = "orders") {
    must(JournalAppended{run_id, export_name, {.recorded_at = instant(second), .event = std::move(event)}});
  }
};

TEST(Statements, HaveDistinctNamesAndTexts) {
  std::set<std::string_view> names, texts;
  for (const auto* query : sql::kEveryQuery) {
    EXPECT_TRUE(names.insert(query->name).second) << query->name;
    EXPECT_TRUE(texts.insert(query->text).second) << query->name;
  }
}

TEST_F(RecordsTest, JournalSurvivesReopeningInOrder) {
  must(start("r1"));
  record("r1", 0, journal::ChunkStarted{0, "0", "9"});
  record("r1", 1, journal::UnknownEvent{R"({"Later":{"x":[1,null]}})"});
  must(JournalAppended{"r1",
                       "orders",
                       {.recorded_at = instant(2),
                        .event = journal::Warning{"c", "m"},
                        .extra_json = R"({"level":9})",
                        .entry_extra_json = R"({"host":"h"})"}});
  store_.reset();
  store_ = open();
  const auto journals = store_->journals({});
  ASSERT_TRUE(journals.has_value()) << journals.error().to_string();
  ASSERT_EQ(journals->size(), 1u);
  EXPECT_EQ(model::dump_json(journal::to_json((*journals)[0])),
            R"({"entries":[{"event":{"ChunkStarted":{"chunk_index":0,"end_key":"9","start_key":"0"}},"recorded_at":)"
            R"("2026-11-21T00:20:33.716808Z"},{"event":{"Later":{"x":[1,null]}},"recorded_at":)"
            R"("2026-11-21T00:20:34.716808Z"},{"event":{"Warning":{"context":"c","level":9,"message":"m"}},"host":"h",)"
            R"("recorded_at":"2026-11-21T00:20:35.716808Z"}],"export_name":"orders","run_id":"r1"})");
}

TEST_F(RecordsTest, JournalsAreFilteredAndTheNewestComesFirst) {
  record("r1", 0, journal::Warning{"a", "b"});
  record("r2", 5, journal::Warning{"a", "b"});
  record("c1", 9, journal::Warning{"a", "b"}, "customers");
  const auto ids = [&](const Filter& filter) {
    std::vector<std::string> found;
    const auto journals = store_->journals(filter);
    EXPECT_TRUE(journals.has_value());
    for (const auto& journal : *journals) found.push_back(journal.run_id);
    return found;
  };
  EXPECT_THAT(ids({}), ElementsAre("c1", "r2", "r1"));
  EXPECT_THAT(ids({.export_name = "orders"}), ElementsAre("r2", "r1"));
  EXPECT_THAT(ids({.run_id = "r1"}), ElementsAre("r1"));
  EXPECT_THAT(ids({.limit = 2}), ElementsAre("c1", "r2"));
  EXPECT_THAT(ids({.limit = 0}), ElementsAre("c1", "r2", "r1"));
}

TEST_F(RecordsTest, LongestUnitIsKeptAsTheJournalComputesIt) {
  must(start("r1"));
  EXPECT_FALSE(run("r1").longest_unit.has_value());
  record("r1", 0, journal::ChunkStarted{0, "", ""});
  record("r1", 1, journal::ChunkStarted{1, "", ""});
  record("r1", 4, journal::ChunkFailed{0, "x", 1});
  record("r1", 5, journal::ChunkStarted{0, "", ""});
  record("r1", 7, journal::ChunkCompleted{0, 1, {}});
  EXPECT_EQ(run("r1").longest_unit, 2s);
  record("r1", 9, journal::ChunkCompleted{1, 1, {}});
  EXPECT_EQ(run("r1").longest_unit, 8s);
  record("r1", 30, journal::ChunkCompleted{1, 1, {}});  // no start of its own
  EXPECT_EQ(run("r1").longest_unit, 8s);
  EXPECT_EQ(journal::longest_unit(store_->journals({})->front()), run("r1").longest_unit);
}

TEST_F(RecordsTest, JournalViewHasTheShapeUsersRead) {
  must(start("r1", 0));
  record("r1", 0, journal::ChunkCompleted{0, 0, std::nullopt});
  record("r1", 2, journal::RunCompleted{"failed", "boom \"quoted\"", 5});
  EXPECT_EQ(ask("SELECT run_id || export_name || finished_at FROM run_journal"), "r1orders2026-11-21T00:20:35.716808Z");
  must(RunEnded{.run_id = "r1", .owner = kMe, .status = "failed", .error = "boom", .at = instant(9)});
  EXPECT_EQ(ask("SELECT finished_at FROM run_journal"), "2026-11-21T00:20:42.716808+00:00");
  const auto json = model::parse_json(ask("SELECT journal_json FROM run_journal"));
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(*json, journal::to_json(store_->journals({})->front()));
  EXPECT_TRUE((*json)["entries"][0]["event"]["ChunkCompleted"]["file_name"].is_null());
}

MetricsRecorded full_metrics() {
  return {.export_name = "orders",
          .run_id = "r1",
          .run_at = instant(9),
          .duration_ms = 1,
          .total_rows = 2,
          .peak_rss_mb = 3,
          .status = "success",
          .error_message = "e",
          .tuning_profile = "balanced",
          .format = "parquet",
          .mode = "full",
          .files_produced = 4,
          .bytes_written = 5,
          .bytes_read = 6,
          .retries = 7,
          .validated = true,
          .schema_changed = false,
          .quality_passed = true,
          .pg_temp_bytes_delta = -8,
          .batch_size = 9,
          .batch_size_memory_mb = 10,
          .longest_chunk_ms = 11,
          .skip_reason = "s",
          .schema_fingerprint = "xxh3:1",
          .error_class = "generic",
          .source_type = "postgres",
          .destination_type = "local",
          .rivet_version = "0.1.0"};
}

TEST_F(RecordsTest, MetricsAreReadBackFieldByField) {
  must(full_metrics());
  const auto m = store_->metrics({})->at(0);
  const auto w = full_metrics();
  EXPECT_EQ(std::tie(m.export_name, m.run_id, m.run_at, m.duration_ms, m.total_rows, m.peak_rss_mb, m.status,
                     m.error_message),
            std::tie(w.export_name, w.run_id, w.run_at, w.duration_ms, w.total_rows, w.peak_rss_mb, w.status,
                     w.error_message));
  EXPECT_EQ(std::tie(m.tuning_profile, m.format, m.mode, m.files_produced, m.bytes_written, m.bytes_read, m.retries),
            std::tie(w.tuning_profile, w.format, w.mode, w.files_produced, w.bytes_written, w.bytes_read, w.retries));
  EXPECT_EQ(std::tie(m.validated, m.schema_changed, m.quality_passed, m.pg_temp_bytes_delta, m.batch_size),
            std::tie(w.validated, w.schema_changed, w.quality_passed, w.pg_temp_bytes_delta, w.batch_size));
  EXPECT_EQ(std::tie(m.batch_size_memory_mb, m.longest_chunk_ms, m.skip_reason, m.schema_fingerprint, m.error_class),
            std::tie(w.batch_size_memory_mb, w.longest_chunk_ms, w.skip_reason, w.schema_fingerprint, w.error_class));
  EXPECT_EQ(std::tie(m.source_type, m.destination_type, m.rivet_version),
            std::tie(w.source_type, w.destination_type, w.rivet_version));
  EXPECT_EQ(ask("SELECT validated || ',' || longest_chunk_ms || ',' || rivet_version FROM export_metrics"),
            "1,11,0.1.0");
}

TEST_F(RecordsTest, MetricsOfARunAreOneRowAndUnsetFieldsNull) {
  must(full_metrics());
  must(MetricsRecorded{.export_name = "orders", .run_id = "r1", .run_at = instant(12), .status = "failed"});
  const auto metrics = store_->metrics({.export_name = "orders", .run_id = "r1", .limit = 5});
  ASSERT_EQ(metrics->size(), 1u);
  EXPECT_EQ(metrics->at(0).status, "failed");
  EXPECT_FALSE(metrics->at(0).validated.has_value());
  EXPECT_EQ(ask("SELECT count(*) FROM export_metrics WHERE tuning_profile IS NULL AND peak_rss_mb IS NULL AND "
                "error_message IS NULL"),
            "1");
  EXPECT_THAT(*store_->metrics({.export_name = "customers"}), IsEmpty());
}

TEST_F(RecordsTest, HarmAndAggregatesAreRows) {
  must(HarmRecorded{
      .run_id = "r1", .export_name = "orders", .deltas = {{"blks_read", 5}, {"deadlocks", -1}}, .at = instant(1)});
  EXPECT_EQ(ask("SELECT min(metric || delta) || ',' || max(metric || delta) FROM export_harm"),
            "blks_read5,deadlocks-1");
  const AggregateRecorded aggregate{.run_aggregate_id = "agg_1",
                                    .started_at = instant(0),
                                    .finished_at = instant(1),
                                    .duration_ms = 2,
                                    .config_path = "c.yaml",
                                    .parallel_mode = "sequential",
                                    .total_exports = 3,
                                    .success_count = 4,
                                    .failed_count = 5,
                                    .skipped_count = 6,
                                    .total_rows = 7,
                                    .total_files = 8,
                                    .total_bytes = 9,
                                    .details_json = "[]"};
  must(aggregate);
  EXPECT_EQ(
      ask("SELECT ''||duration_ms||total_exports||success_count||failed_count||skipped_count||total_rows||total_files||"
          "total_bytes||details_json FROM run_aggregate"),
      "23456789[]");
  EXPECT_EQ(refused(aggregate).code, "RIVET_RUN_ID_TAKEN");
}

TEST_F(RecordsTest, ProgressionOfChunksAndCursorsNeverMixesOrGoesBack) {
  const auto published = [&](const std::string& id, std::optional<std::string> cursor, const std::string& mode) {
    sealed(id, true, std::move(cursor), mode);
    must(RunPublished{.run_id = id, .columns = {}, .at = instant(20)});
  };
  const std::string boundary =
      "SELECT last_committed_strategy || '|' || coalesce(last_committed_cursor, '-') || '|' || "
      "coalesce('' || last_committed_chunk_index, '-') || '|' || last_committed_run_id FROM export_progression";
  published("r1", std::nullopt, "chunked");
  EXPECT_EQ(ask(boundary), "chunked|-|1|r1");
  published("r2", "10", "incremental");
  EXPECT_EQ(ask(boundary), "incremental|10|-|r2");
  published("r3", "9", "incremental");
  EXPECT_EQ(ask(boundary), "incremental|10|-|r2");
  published("r4", "11", "incremental");
  EXPECT_EQ(ask(boundary), "incremental|11|-|r4");
  published("r5", std::nullopt, "incremental");
  EXPECT_EQ(ask(boundary), "incremental|11|-|r4");
  published("r6", std::nullopt, "chunked");
  EXPECT_EQ(ask(boundary), "chunked|-|1|r6");
}

TEST_F(RecordsTest, ChunkViewsHaveTheShapeUsersRead) {
  must(start("r1"));
  must(commit("r1", must_claim("r1")));
  const auto claim = must_claim("r1");
  must(UnitFailed{.run_id = "r1",
                  .unit_index = 1,
                  .epoch = claim.epoch,
                  .owner = kMe,
                  .error = "boom",
                  .final = false,
                  .at = instant(7)});
  EXPECT_EQ(ask("SELECT "
                "run_id||'|'||export_name||'|'||plan_hash||'|'||status||'|'||max_chunk_attempts||'|'||created_at||'|'||"
                "updated_at FROM chunk_run"),
            "r1|orders|hash|in_progress|2|2026-11-21T00:20:33.716808+00:00|2026-11-21T00:20:40.716808+00:00");
  const auto task = [&](int index) {
    return ask(
        "SELECT "
        "chunk_index||'|'||start_key||'|'||end_key||'|'||status||'|'||attempts||'|'||coalesce(last_error,'null')||'|'||"
        "coalesce(''||rows_written,'null')||'|'||coalesce(file_name,'null')||'|'||updated_at FROM chunk_task WHERE "
        "chunk_index = " +
        std::to_string(index));
  };
  EXPECT_EQ(task(0), "0|0|9|completed|1|null|10|r1-0-1.parquet|2026-11-21T00:20:37.716808+00:00");
  EXPECT_EQ(task(1), "1|10|19|pending|1|boom|null|null|2026-11-21T00:20:40.716808+00:00");
  EXPECT_EQ(
      ask("SELECT "
          "run_id||'|'||export_name||'|'||file_name||'|'||row_count||'|'||bytes||'|'||format||'|'||compression||'|'||"
          "created_at||'|'||coalesce(cursor_high,'null') FROM file_log"),
      "r1|orders|r1-0-1.parquet|10|100|parquet|zstd|2026-11-21T00:20:36.716808+00:00|null");
  EXPECT_EQ(ask("SELECT "
                "run_id||'|'||export_name||'|'||prefix||'|'||status||'|'||started_at||'|'||coalesce(finished_at,'null')"
                " FROM run_status"),
            "r1|orders|out/|running|2026-11-21T00:20:33.716808+00:00|null");
}

TEST_F(RecordsTest, ChunkRunStatusFollowsTheRun) {
  sealed("r1");
  EXPECT_EQ(ask("SELECT status FROM chunk_run"), "completed");
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(11)});
  EXPECT_EQ(ask("SELECT status || updated_at FROM chunk_run"), "completed2026-11-21T00:20:44.716808+00:00");
  must(start("r2"));
  must(RunEnded{.run_id = "r2", .owner = kMe, .status = "interrupted", .error = "", .at = instant(12)});
  EXPECT_EQ(ask("SELECT status FROM chunk_run WHERE run_id = 'r2'"), "interrupted");
  EXPECT_EQ(ask("SELECT status FROM run_status WHERE run_id = 'r2'"), "interrupted");
}

TEST_F(RecordsTest, TheTablesUsersKnowAreThere) {
  const std::map<std::string, std::string> known{
      {"export_state", "export_name, last_cursor_value, last_run_at, resume_run_id"},
      {"export_metrics",
       "id, export_name, run_id, run_at, duration_ms, total_rows, peak_rss_mb, status, error_message, "
       "tuning_profile, format, mode, files_produced, bytes_written, bytes_read, retries, validated, "
       "schema_changed, files_committed, reconciled, source_count, quality_passed, pg_temp_bytes_delta, "
       "batch_size, batch_size_memory_mb, skip_reason, schema_fingerprint, chunk_size, parallel, source_type, "
       "destination_type, rivet_version, longest_chunk_ms, chunk_key, error_class, cursor_min, cursor_max, "
       "key_descriptor_json, offending_value, server_context_json"},
      {"export_schema", "export_name, columns_json, updated_at"},
      {"export_shape", "export_name, column_name, max_byte_len, updated_at"},
      {"export_progression",
       "export_name, last_committed_strategy, last_committed_cursor, last_committed_chunk_index, "
       "last_committed_run_id, last_committed_at, last_verified_strategy, last_verified_cursor, "
       "last_verified_chunk_index, last_verified_run_id, last_verified_at"},
      {"export_position", "export_name, position_json, updated_at"},
      {"recent_key", "run_id, unit_index, export_name, sequence, after_key, of_null, keys, digests"},
      {"unit_hashes", "run_id, unit_index, column_name, hashes"},
      {"export_harm", "id, run_id, export_name, metric, delta, recorded_at"},
      {"file_log",
       "id, run_id, export_name, file_name, row_count, bytes, format, compression, created_at, cursor_high"},
      {"chunk_run", "run_id, export_name, plan_hash, status, max_chunk_attempts, created_at, updated_at"},
      {"chunk_task",
       "id, run_id, chunk_index, start_key, end_key, status, attempts, last_error, rows_written, file_name, "
       "updated_at"},
      {"run_status", "run_id, export_name, prefix, status, started_at, finished_at"},
      {"run_journal", "run_id, export_name, finished_at, journal_json"}};
  for (const auto& [table, columns] : known)
    EXPECT_EQ(ask("SELECT count(*) FROM (SELECT " + columns + " FROM " + table + ") AS t"), "0");
}

}  // namespace
}  // namespace rivet::state
