// SPDX-License-Identifier: Apache-2.0
// The JSON documents keep the field names that scripts read, and lose the secrets.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "report/aggregate.hpp"
#include "report/file.hpp"
#include "report/json.hpp"
#include "report/summary.hpp"
#include "report/testing.hpp"

namespace rivet::report {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

std::vector<std::string> first_keys(const Json& object, std::size_t count) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) {
    if (keys.size() < count) keys.push_back(key);
  }
  return keys;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "rivet-report-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Summary, KeepsTheKnownFieldsInFront) {
  const std::vector<std::string> known{
      "run_id",        "export_name",      "status",         "started_at",     "finished_at",    "duration_ms",
      "source_engine", "destination_kind", "format",         "compression",    "tuning_profile", "batch_size",
      "total_rows",    "files_produced",   "bytes_written",  "peak_rss_mb",    "retries",        "pg_temp_bytes_delta",
      "validation",    "reconciliation",   "schema_changed", "schema_changes", "plan_warnings",  "error_message",
      "resumable",     "resume_command",   "apply_context"};
  const auto json = summary_json(testing::success());
  EXPECT_THAT(first_keys(json, known.size()), ElementsAreArray(known));
  EXPECT_TRUE(json["validation"].is_null());
  EXPECT_TRUE(json["error_message"].is_null());
  EXPECT_EQ(json["started_at"], "2026-11-21T00:20:33.716808+00:00");
}

TEST(Summary, SpellsVerdictsAndWarningsAsObjects) {
  auto run = testing::success();
  run.validated = true;
  run.plan_warnings = {{"no_key", "the table has no primary key"}};
  const auto json = summary_json(run);
  EXPECT_EQ(json["validation"], (Json{{"passed", true}, {"manifest", true}}));
  EXPECT_EQ(json["plan_warnings"][0], (Json{{"rule", "no_key"}, {"message", "the table has no primary key"}}));
}

TEST(Summary, MarkdownHasItsSections) {
  const auto text = summary_markdown(testing::failure());
  EXPECT_THAT(text,
              HasSubstr("# Rivet run: `orders_20261121T002033.716`\n\n- **Export**: `orders`\n- **Status**: FAILED\n"));
  EXPECT_THAT(text, HasSubstr("- **Duration**: 3739 ms (3.74 s)\n\n## Plan\n\n"));
  EXPECT_THAT(text, HasSubstr("- Tuning: profile=balanced, batch_size=10000\n\n## Throughput\n\n- Rows: 950000\n"));
  EXPECT_THAT(
      text,
      HasSubstr("## Verdicts\n\n- Validation: not requested\n- Reconciliation: not requested\n- Schema: unchanged\n"));
  EXPECT_THAT(text, HasSubstr("- Code: RIVET_SOURCE_STATEMENT_TIMEOUT\n"));
}

TEST(Summary, FilesHoldNoSecretAndStayValidJson) {
  const TemporaryFolder folder;
  base::Redactor redactor;
  redactor.remember("s\"3cret");
  auto run = testing::failure();
  run.error->message = "password=s\"3cret was refused by postgres://u:s\"3cret@db/x";
  ASSERT_TRUE(write_summary(folder.path(), run, redactor).has_value());
  const auto where = folder.path() / ".rivet" / "runs" / run.run_id;
  const auto text = content_of(where / "summary.json");
  EXPECT_THAT(text, Not(HasSubstr("3cret")));
  EXPECT_EQ(Json::parse(text)["export_name"], "orders");
  EXPECT_THAT(content_of(where / "summary.md"), Not(HasSubstr("3cret")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(where), {}), 2) << "a temporary file was left behind";
}

TEST(Aggregate, KeepsTheKnownFields) {
  const std::vector<std::string> known{"run_aggregate_id", "started_at",       "finished_at",   "duration_ms",
                                       "config_path",      "parallel_mode",    "total_exports", "success_count",
                                       "failed_count",     "skipped_count",    "total_rows",    "total_files",
                                       "total_bytes",      "total_bytes_read", "per_export"};
  const std::vector<std::string> per_export{"export_name", "status",     "run_id",      "rows", "files",
                                            "bytes",       "bytes_read", "duration_ms", "mode", "error_message"};
  const auto json = to_json(testing::aggregate_of({testing::success()}));
  EXPECT_THAT(first_keys(json, known.size()), ElementsAreArray(known));
  EXPECT_THAT(first_keys(json["per_export"][0], per_export.size()), ElementsAreArray(per_export));
}

TEST(Aggregate, CountsAnInterruptedRunAmongTheFailed) {
  auto interrupted = testing::failure(), skipped = testing::success();
  interrupted.status = "interrupted";
  skipped.status = "skipped";
  const auto json = to_json(testing::aggregate_of({testing::success(), interrupted, skipped}));
  EXPECT_EQ(json["success_count"], 1);
  EXPECT_EQ(json["failed_count"], 1);
  EXPECT_EQ(json["skipped_count"], 1);
  EXPECT_EQ(json["interrupted_count"], 1);
  EXPECT_EQ(json["per_export"][1]["error_code"], "RIVET_SOURCE_STATEMENT_TIMEOUT");
  EXPECT_EQ(json["per_export"][1]["exit_class"], "retryable");
}

TEST(Aggregate, RecordCarriesTheSameTotals) {
  const auto record = to_record(testing::aggregate_of({testing::success(), testing::failure()}));
  EXPECT_EQ(record.total_exports, 2);
  EXPECT_EQ(record.total_rows, 1'900'000);
  EXPECT_EQ(Json::parse(record.details_json).size(), 2U);
}

TEST(Aggregate, IdNamesTimeAndProcess) {
  EXPECT_EQ(aggregate_id(testing::at("2026-11-21T00:21:01.119072+00:00"), 77), "agg_20261121T002101119_77");
}

TEST(ReportFile, ReplacesWholeFilesAndNamesWhatFails) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "new" / "out.json";
  ASSERT_TRUE(write_file(path, "first, longer").has_value());
  ASSERT_TRUE(write_file(path, "second").has_value());
  EXPECT_EQ(content_of(path), "second");
  const auto below_a_file = write_file(path / "x.json", "no");
  ASSERT_FALSE(below_a_file.has_value());
  EXPECT_THAT(below_a_file.error().message, HasSubstr("x.json"));
  EXPECT_FALSE(require_writable(folder.path()).has_value()) << "a folder is not a file";
  EXPECT_TRUE(require_writable(folder.path() / "a" / "b.json").has_value());
}

TEST(JsonDump, NeverRefusesBytesThatAreNotUtf8) {
  EXPECT_EQ(dump_line(Json{{"name", "a\xff"}}), "{\"name\":\"a\xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace rivet::report
