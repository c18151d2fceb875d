// SPDX-License-Identifier: Apache-2.0
// Listings as people and scripts read them.
#include "report/history.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "report/advice.hpp"
#include "report/journal.hpp"
#include "report/testing.hpp"

namespace rivet::report {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::ordered_json;
namespace journal = model::journal;

state::MetricsRecorded metric() {
  return {.export_name = "orders",
          .run_id = "orders_20261121T002033.716",
          .run_at = testing::at("2026-11-21T00:20:37.515428+00:00"),
          .duration_ms = 3739,
          .total_rows = 950000,
          .peak_rss_mb = 59,
          .status = "success",
          .tuning_profile = "balanced",
          .format = "parquet",
          .mode = "full",
          .files_produced = 10,
          .bytes_written = 11049347,
          .schema_changed = false};
}

TEST(MetricsListing, TextIsATableWithVerdictsBelow) {
  EXPECT_EQ(metrics_text({metric()}),
            "EXPORT               STATUS           ROWS   DURATION      RSS  FILES      BYTES RUN ID\n" +
                std::string(111, '-') + "\n" +
                "orders               success        950000       3.7s     59MB     10    10.5 MB "
                "orders_20261121T002033.716\n"
                "  schema=ok\n");
  EXPECT_EQ(metrics_text({}), "No runs recorded yet.\n");
}

TEST(MetricsListing, JsonKeepsTheKnownFieldsAndNulls) {
  const auto row = metrics_json({metric()})[0];
  for (const auto* key : {"export_name", "run_id", "run_at", "duration_ms", "total_rows", "peak_rss_mb", "status",
                          "error_message", "tuning_profile", "format", "mode", "files_produced", "bytes_written",
                          "retries", "validated", "schema_changed"}) {
    EXPECT_TRUE(row.contains(key)) << key;
  }
  EXPECT_TRUE(row["validated"].is_null());
  EXPECT_EQ(row["schema_changed"], false);
  EXPECT_EQ(metrics_json({}).dump(), "[]");
}

TEST(FilesListing, KeepsColumnsAlignedWithLongNames) {
  state::FileView file{.part = {.run_id = "r1",
                                .path = std::string(60, 'x') + ".parquet",
                                .rows = 5,
                                .size_bytes = 2048,
                                .created_at = testing::at("2026-11-21T00:20:37.408213+00:00")},
                       .export_name = "orders",
                       .format = "parquet",
                       .compression = "zstd",
                       .status = "committed"};
  auto other = file;
  other.part.path = "short.csv";
  const auto text = files_text({file, other});
  std::vector<std::size_t> columns;
  for (std::size_t at = 0; (at = text.find("2.0 KB", at)) != std::string::npos; ++at) {
    columns.push_back(at - text.rfind('\n', at));
  }
  ASSERT_EQ(columns.size(), 2U);
  EXPECT_EQ(columns[0], columns[1]);
  EXPECT_EQ(files_json({other})[0].dump(),
            R"({"run_id":"r1","export_name":"orders","file_name":"short.csv","row_count":5,"bytes":2048,)"
            R"("format":"parquet","compression":"zstd","created_at":"2026-11-21T00:20:37.408213+00:00",)"
            R"("status":"committed","unit_index":0,"content_fingerprint":null})");
}

TEST(ExportsListing, ShowsTheCursor) {
  const std::vector<state::ExportView> rows{{.export_name = "orders", .last_cursor_value = "2026-01-02"},
                                            {.export_name = "users"}};
  EXPECT_EQ(exports_json(rows).dump(),
            R"([{"export_name":"orders","last_cursor_value":"2026-01-02","last_run_at":null},)"
            R"({"export_name":"users","last_cursor_value":null,"last_run_at":null}])");
  EXPECT_THAT(exports_text(rows), HasSubstr("orders               2026-01-02                     -\n"));
}

TEST(ProgressionListing, ShowsEachBoundary) {
  const auto at = testing::at("2026-11-21T00:20:37.408213+00:00");
  const state::Boundary chunk{.strategy = "chunked", .cursor = {}, .chunk_index = 0, .run_id = "r1", .at = at};
  const state::Boundary cursor{.strategy = "incremental", .cursor = "42", .chunk_index = {}, .run_id = "r2", .at = at};
  const std::vector<state::ProgressionView> rows{{.export_name = "orders", .committed = chunk, .verified = chunk},
                                                 {.export_name = "users", .committed = cursor, .verified = {}}};
  const auto text = progression_text(rows);
  EXPECT_THAT(text, ContainsRegex("EXPORT +COMM MODE +COMMITTED +COMMITTED AT +VERI MODE +VERIFIED\n"));
  EXPECT_THAT(text, ContainsRegex("orders +chunked +chunk #0 +2026-11-21 00:20:37 UTC +chunked +chunk #0\n"));
  EXPECT_THAT(text, ContainsRegex("users +incremental +42 +2026-11-21 00:20:37 UTC +- +-\n"));
  EXPECT_EQ(progression_json(rows)[1].dump(),
            R"({"export_name":"users","last_committed_strategy":"incremental","last_committed_cursor":"42",)"
            R"("last_committed_chunk_index":null,"last_committed_run_id":"r2",)"
            R"("last_committed_at":"2026-11-21T00:20:37.408213+00:00","last_verified_strategy":null,)"
            R"("last_verified_cursor":null,"last_verified_chunk_index":null,"last_verified_run_id":null,)"
            R"("last_verified_at":null})");
  EXPECT_EQ(progression_json(rows)[0]["last_verified_chunk_index"], 0);
  EXPECT_EQ(progression_text({}), "No progression recorded yet.\n");
}

journal::Journal sample_journal() {
  const auto start = testing::at("2026-11-21T00:20:33Z");
  journal::Journal run{.run_id = "r1", .export_name = "orders", .entries = {}};
  const auto add = [&](int second, journal::Event event) {
    run.entries.push_back({.recorded_at = start + std::chrono::seconds(second), .event = std::move(event)});
  };
  add(0, journal::PlanResolved{.export_name = "orders",
                               .strategy = "full",
                               .format = "parquet",
                               .compression = "zstd",
                               .destination_type = "local",
                               .tuning_profile = "balanced",
                               .units = 1});
  add(1, journal::ChunkStarted{.chunk_index = 0});
  add(2, journal::RetryAttempted{.attempt = 1, .reason = "connection lost", .backoff_ms = 2000});
  add(3, journal::FileWritten{.file_name = "a.parquet", .rows = 1500, .bytes = 2048});
  add(4, journal::ChunkCompleted{.chunk_index = 0, .rows = 1500, .file_name = "a.parquet"});
  add(5, journal::Warning{.context = "types", .message = "c is text"});
  add(6, journal::RunCompleted{.status = "success", .duration_ms = 3739});
  return run;
}

TEST(JournalListing, AnswersTheJournalsQuestions) {
  EXPECT_EQ(journals_text({sample_journal()}, {}), R"(
✓ orders  success  3.7s
  run_id: r1
  planned: full, parquet (zstd) to local, 1 unit, profile balanced
  files: 1 (1,500 rows, 2.0 KB)
  retry: attempt 1 after 2.0s: connection lost
  longest unit: 3.0s
  warning: types: c is text

)");
}

TEST(JournalListing, SaysRunningWithoutAnOutcome) {
  auto run = sample_journal();
  run.entries.pop_back();
  EXPECT_THAT(journals_text({run}, {}), HasSubstr("… orders  running\n"));
}

TEST(JournalListing, JsonIsTheStoredJournalAndTheLongestUnit) {
  const auto json = journal_json(sample_journal());
  EXPECT_EQ(json["run_id"], "r1");
  EXPECT_EQ(json["entries"].size(), 7U);
  EXPECT_TRUE(json["entries"][0]["event"].contains("PlanResolved"));
  EXPECT_EQ(json["longest_unit_ms"], 3000);
}

TEST(Advice, SaysWhenARunIsMuchSlowerThanTheLast) {
  auto run = testing::success();
  run.run_id = "orders_next";
  run.duration_ms = 15'000;
  auto before = metric();
  before.duration_ms = 6'000;
  EXPECT_THAT(advice(run, {before}), ElementsAre(HasSubstr("2.5 times slower than the previous run")));
  before.mode = "chunked";
  EXPECT_THAT(advice(run, {before}), IsEmpty()) << "another mode is not comparable";
  before.mode = "full";
  before.total_rows = run.rows * 3;
  EXPECT_THAT(advice(run, {before}), IsEmpty()) << "another size is not comparable";
}

TEST(Advice, SaysWhenTheServerSpilled) {
  auto run = testing::success();
  run.pg_temp_bytes_delta = 200LL << 20;
  EXPECT_THAT(advice(run, {}), ElementsAre(HasSubstr("200.0 MB of temporary files")));
}

}  // namespace
}  // namespace rivet::report
