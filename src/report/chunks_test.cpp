// SPDX-License-Identifier: Apache-2.0
// The listing of a run's units as people and scripts read it.
#include "report/chunks.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "report/testing.hpp"

namespace rivet::report {
namespace {

using ::testing::HasSubstr;

RunChunks sample() {
  const auto at = testing::at("2026-11-21T00:20:37.408213+00:00");
  RunChunks chunks{
      .run = {.run_id = "r1", .export_name = "orders", .plan_hash = "h", .mode = "chunked"}, .units = {}, .files = {}};
  chunks.run.started_at = at;
  state::UnitView done{.unit = {.index = 0, .predicate = {}, .start_key = "1", .end_key = "100", .reason = "range"}};
  done.status = model::UnitStatus::completed;
  done.attempts = 2;
  done.rows = 100;
  done.updated_at = at;
  state::UnitView open{.unit = {.index = 1, .predicate = {}, .start_key = {}, .end_key = {}, .reason = "null"}};
  open.attempts = 1;
  open.last_error = "reset by peer";
  open.updated_at = at;
  chunks.units = {done, open};
  for (const auto* path : {"b.parquet", "a.parquet"}) {
    state::FileView file;
    file.part.path = path;
    chunks.files.push_back(file);
  }
  return chunks;
}

TEST(ChunksListing, TextHasALineForEachUnitAndItsErrorBelow) {
  EXPECT_EQ(chunks_text(sample()),
            "run r1 of export 'orders' (chunked): in_progress, 1 of 2 chunks completed, started 2026-11-21 00:20:37 "
            "UTC\n"
            "CHUNK START        END          STATUS     ATTEMPTS       ROWS FILE\n" +
                std::string(93, '-') + "\n" +
                "    0 1            100          completed         2        100 a.parquet (+1 more)\n"
                "    1 -            -            pending           1          - -\n"
                "  error: reset by peer\n");
}

TEST(ChunksListing, JsonHasTheColumnsOfTheViews) {
  const auto json = chunks_json(sample());
  EXPECT_EQ(json["run_id"], "r1");
  EXPECT_EQ(json["status"], "in_progress");
  EXPECT_EQ(json["max_chunk_attempts"], 3);
  ASSERT_EQ(json["tasks"].size(), 2U);
  EXPECT_EQ(json["tasks"][0].dump(),
            R"({"chunk_index":0,"start_key":"1","end_key":"100","status":"completed","attempts":2,"last_error":null,)"
            R"("rows_written":100,"file_name":"a.parquet","updated_at":"2026-11-21T00:20:37.408213+00:00",)"
            R"("files":["a.parquet","b.parquet"],"reason":"range"})");
  EXPECT_TRUE(json["tasks"][1]["rows_written"].is_null());
  EXPECT_TRUE(json["tasks"][1]["file_name"].is_null());
  EXPECT_EQ(json["tasks"][1]["last_error"], "reset by peer");
}

TEST(ChunksListing, SaysHowTheRunEnded) {
  auto chunks = sample();
  chunks.run.stage = state::RunStage::ended;
  chunks.run.status = "failed";
  chunks.run.error = "disk full";
  EXPECT_THAT(chunks_text(chunks), HasSubstr("(chunked): failed, 1 of 2 chunks completed"));
  EXPECT_THAT(chunks_text(chunks), HasSubstr("\n  error: disk full\n"));
  EXPECT_EQ(chunks_json(chunks)["error"], "disk full");
  chunks.run.stage = state::RunStage::published;
  chunks.run.status = "success";
  EXPECT_EQ(chunks_json(chunks)["status"], "completed");
}

}  // namespace
}  // namespace rivet::report
