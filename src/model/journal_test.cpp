// SPDX-License-Identifier: Apache-2.0
// Journal events round-trip through JSON, and the questions they answer.
#include "model/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "model/json_fields.hpp"

namespace rivet::model::journal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const base::Timestamp kStart{1'795'220'433'716'808us};

nlohmann::json json_of(std::string_view text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.has_value() ? std::move(parsed).take() : nlohmann::json();
}

Entry at(std::chrono::microseconds after, Event event) {
  return {.recorded_at = kStart + after, .event = std::move(event)};
}

/// One entry of each known event, with the JSON that users read.
std::vector<std::pair<Event, std::string>> every_event() {
  return {
      {PlanResolved{.export_name = "orders",
                    .base_query = "SELECT 1",
                    .strategy = "chunked",
                    .format = "parquet",
                    .compression = "zstd",
                    .destination_type = "local",
                    .tuning_profile = "balanced",
                    .batch_size = 10000,
                    .validate = true,
                    .chunk_key = "id",
                    .units = 10,
                    .digest_version = 1,
                    .consistency = "unit"},
       R"j({"PlanResolved":{"export_name":"orders","base_query":"SELECT 1","strategy":"chunked","format":"parquet",
           "compression":"zstd","destination_type":"local","tuning_profile":"balanced","batch_size":10000,
           "validate":true,"reconcile":false,"resume":false,"chunk_key":"id","resumable":true,"row_hash":null,
           "units":10,
           "digest_version":1,"consistency":"unit"}})j"},
      {PlanWarning{"rule", "m"}, R"j({"PlanWarning":{"rule":"rule","message":"m"}})j"},
      {FileWritten{"f.parquet", 5, 6, 7},
       R"j({"FileWritten":{"file_name":"f.parquet","rows":5,"bytes":6,"part_index":7}})j"},
      {ChunkStarted{3, "1", "9"}, R"j({"ChunkStarted":{"chunk_index":3,"start_key":"1","end_key":"9"}})j"},
      {ChunkCompleted{3, 9, "f"}, R"j({"ChunkCompleted":{"chunk_index":3,"rows":9,"file_name":"f"}})j"},
      {ChunkCompleted{3, 0, std::nullopt}, R"j({"ChunkCompleted":{"chunk_index":3,"rows":0,"file_name":null}})j"},
      {ChunkFailed{3, "boom", 2}, R"j({"ChunkFailed":{"chunk_index":3,"error":"boom","attempt":2}})j"},
      {RetryAttempted{1, "reset", 250}, R"j({"RetryAttempted":{"attempt":1,"reason":"reset","backoff_ms":250}})j"},
      {QualityIssue{"FAIL", "nulls"}, R"j({"QualityIssue":{"severity":"FAIL","message":"nulls"}})j"},
      {SchemaChanged{{"a (int4)"}, {"b"}, {{"c", "int4", "int8"}}},
       R"j({"SchemaChanged":{"added":["a (int4)"],"removed":["b"],"type_changed":[["c","int4","int8"]]}})j"},
      {Warning{"ctx", "m"}, R"j({"Warning":{"context":"ctx","message":"m"}})j"},
      {ParallelismAdjusted{4, 2, "load"}, R"j({"ParallelismAdjusted":{"from":4,"to":2,"reason":"load"}})j"},
      {ValidationResult{true}, R"j({"ValidationResult":{"passed":true}})j"},
      {ReconciliationResult{5, 4, false},
       R"j({"ReconciliationResult":{"source_count":5,"exported_rows":4,"matched":false}})j"},
      {RunCompleted{"failed", "boom", 3739},
       R"j({"RunCompleted":{"status":"failed","error_message":"boom","duration_ms":3739}})j"},
      {RunCompleted{"success", std::nullopt, 1},
       R"j({"RunCompleted":{"status":"success","error_message":null,"duration_ms":1}})j"},
  };
}

Journal journal_of(std::vector<Entry> entries) {
  return {.run_id = "r", .export_name = "e", .entries = std::move(entries)};
}

TEST(JournalJson, EveryEventHasTheShapeUsersRead) {
  for (const auto& [event, text] : every_event()) {
    const auto json = to_json(at(0us, event));
    EXPECT_EQ(json, (nlohmann::json{{"recorded_at", "2026-11-21T00:20:33.716808Z"}, {"event", json_of(text)}}));
  }
}

TEST(JournalJson, EveryEventIsReadBackAsItself) {
  for (const auto& [event, text] : every_event()) {
    const auto json = to_json(at(0us, event));
    const auto entry = entry_from_json(json);
    ASSERT_TRUE(entry.has_value()) << text;
    EXPECT_EQ(entry->event.index(), event.index()) << text;
    EXPECT_TRUE(entry->extra_json.empty()) << entry->extra_json;
    EXPECT_EQ(to_json(*entry), json) << text;
    EXPECT_EQ(entry->recorded_at, kStart);
  }
}

TEST(JournalJson, UnknownEventsFieldsAndShapesSurvive) {
  for (
      const auto* event :
      {R"j({"TeleportStarted":{"to":[1,2.5,null,{"deep":true}],"big":18446744073709551615}})j",
       R"j({"ChunkStarted":{"chunk_index":1,"start_key":"a","end_key":"b","worker":{"id":7}}})j",
       R"j({"ChunkStarted":{"chunk_index":"one","start_key":"a","end_key":"b"}})j",
       R"j({"ChunkStarted":{"chunk_index":1}})j", R"j({"ChunkStarted":3})j", R"j({"ChunkStarted":{},"Other":{}})j",
       R"j("UnitVariant")j", R"j([1,2])j", R"j({})j", R"j(42)j",
       R"j({"PlanResolved":{"export_name":"o","base_query":"q","strategy":"full","format":"csv","compression":"none","destination_type":"local","tuning_profile":"fast","batch_size":1,"validate":false,"reconcile":false,"resume":false,"chunk_key":null,"resumable":true,"row_hash":null}})j",
       R"j({"ChunkCompleted":{"chunk_index":18446744073709551615,"rows":1,"file_name":null}})j",
       R"j({"SchemaChanged":{"added":[],"removed":[],"type_changed":[["c","a"]]}})j"}) {
    const nlohmann::json json{{"recorded_at", "2026-11-21T00:20:33.716808Z"}, {"event", json_of(event)}, {"host", "h"}};
    const auto entry = entry_from_json(json);
    ASSERT_TRUE(entry.has_value()) << event;
    EXPECT_EQ(to_json(*entry), json) << event;
  }
}

TEST(JournalJson, AKnownEventWithUnknownFieldsIsStillKnown) {
  const auto entry = entry_from_json(json_of(
      R"j({"recorded_at":"2026-11-21T00:20:33Z","event":{"Warning":{"context":"c","message":"m","level":9}}})j"));
  ASSERT_TRUE(entry.has_value());
  ASSERT_TRUE(std::holds_alternative<Warning>(entry->event));
  EXPECT_EQ(entry->extra_json, R"j({"level":9})j");
}

TEST(JournalJson, AWholeJournalSurvives) {
  std::vector<Entry> entries;
  for (const auto& [event, text] : every_event()) entries.push_back(at(1us, event));
  auto json = to_json(journal_of(entries));
  json["tool"] = {{"version", "9.9"}};
  const auto journal = journal_from_json(json);
  ASSERT_TRUE(journal.has_value());
  EXPECT_EQ(journal->run_id, "r");
  EXPECT_EQ(journal->export_name, "e");
  EXPECT_EQ(to_json(*journal), json);
}

TEST(JournalJson, MalformedJournalsAreRefused) {
  for (const auto* text :
       {"[]", "{}", "3", R"j({"run_id":"r","export_name":"e"})j", R"j({"run_id":"r","export_name":"e","entries":{}})j",
        R"j({"run_id":"r","export_name":"e","entries":[3]})j",
        R"j({"run_id":"r","export_name":"e","entries":[{"event":{"Warning":{}}}]})j",
        R"j({"run_id":"r","export_name":"e","entries":[{"recorded_at":"yesterday","event":{}}]})j",
        R"j({"run_id":"r","export_name":"e","entries":[{"recorded_at":"2026-11-21T00:20:33Z"}]})j"}) {
    const auto journal = journal_from_json(json_of(text));
    ASSERT_FALSE(journal.has_value()) << text;
    EXPECT_EQ(journal.error().kind, ErrorKind::data);
  }
}

TEST(JournalJson, EndlessNestingIsRefused) {
  nlohmann::json deep = 1;
  for (int i = 0; i < 10'000; ++i) {
    auto outer = nlohmann::json::array();
    outer.push_back(std::move(deep));
    deep = std::move(outer);
  }
  nlohmann::json json{{"recorded_at", "2026-11-21T00:20:33Z"}};
  json["event"] = std::move(deep);
  EXPECT_FALSE(entry_from_json(json).has_value());
}

TEST(JournalJson, BytesThatAreNotUtf8DoNotThrow) {
  const auto json = to_json(at(0us, Warning{"c", "bad \xff byte"}));
  EXPECT_TRUE(parse_json(dump_json(json)).has_value());
}

TEST(JournalJson, RandomMutationsNeverThrow) {
  std::vector<Entry> entries;
  for (const auto& [event, text] : every_event()) entries.push_back(at(1us, event));
  const auto good = dump_json(to_json(journal_of(entries)));
  std::mt19937 random(7);
  int accepted = 0;
  for (int round = 0; round < 4'000; ++round) {
    auto text = good;
    for (auto changes = random() % 4 + 1; changes > 0; --changes)
      text[random() % text.size()] = "\"{}[]:,0-n\xff\\x"[random() % 13];
    const auto json = parse_json(text);
    if (!json.has_value()) continue;
    const auto journal = journal_from_json(*json);
    if (!journal.has_value()) continue;
    ++accepted;
    const auto written = to_json(*journal);
    const auto again = journal_from_json(written);
    ASSERT_TRUE(again.has_value()) << text;
    EXPECT_EQ(to_json(*again), written) << text;
  }
  EXPECT_GT(accepted, 20);
}

TEST(Journal, AnswersWhatWasPlannedHappenedDegradedAndEnded) {
  std::vector<Entry> entries;
  for (const auto& [event, text] : every_event()) entries.push_back(at(1us, event));
  const auto journal = journal_of(entries);
  ASSERT_NE(planned(journal), nullptr);
  EXPECT_EQ(planned(journal)->export_name, "orders");
  ASSERT_EQ(files(journal).size(), 1u);
  EXPECT_EQ(files(journal)[0]->file_name, "f.parquet");
  EXPECT_EQ(retries(journal).size(), 1u);
  EXPECT_EQ(chunk_events(journal).size(), 4u);
  EXPECT_EQ(degraded(journal).size(), 4u);
  ASSERT_NE(outcome(journal), nullptr);
  EXPECT_EQ(outcome(journal)->status, "success");
}

TEST(Journal, OfARunningRunHasNoOutcomeAndAnEmptyOneNoPlan) {
  EXPECT_EQ(outcome(journal_of({at(0us, Warning{})})), nullptr);
  EXPECT_EQ(planned(journal_of({})), nullptr);
}

TEST(SchemaChanged, IsToldOnOneLine) {
  EXPECT_EQ(to_text({{"a (int4)"}, {"b"}, {{"c", "int4", "int8"}}}),
            "added a (int4); removed b; c changed from int4 to int8");
}

TEST(LongestUnit, PairsByChunkWhateverTheInterleaving) {
  EXPECT_EQ(longest_unit(journal_of({at(0s, ChunkStarted{0, "", ""}), at(1s, ChunkStarted{1, "", ""}),
                                     at(3s, ChunkCompleted{0, 1, {}}), at(9s, ChunkCompleted{1, 1, {}})})),
            8s);
}

TEST(LongestUnit, ARetriedUnitPairsItsLatestStart) {
  EXPECT_EQ(longest_unit(journal_of({at(0s, ChunkStarted{0, "", ""}), at(5s, ChunkFailed{0, "x", 1}),
                                     at(6s, ChunkStarted{0, "", ""}), at(8s, ChunkCompleted{0, 1, {}})})),
            2s);
}

TEST(LongestUnit, IsUnknownWithoutAPairAndIgnoresClocksThatWentBack) {
  EXPECT_EQ(longest_unit(journal_of({at(0s, ChunkStarted{0, "", ""}), at(1s, ChunkCompleted{1, 1, {}})})),
            std::nullopt);
  EXPECT_EQ(longest_unit(journal_of({at(5s, ChunkStarted{0, "", ""}), at(1s, ChunkCompleted{0, 1, {}})})),
            std::nullopt);
  EXPECT_EQ(longest_unit(journal_of({at(5s, ChunkStarted{0, "", ""}), at(5s, ChunkCompleted{0, 1, {}})})), 0s);
}

}  // namespace
}  // namespace rivet::model::journal
