// SPDX-License-Identifier: Apache-2.0
// What one process says is what the other one hears.
#include "report/progress_events.hpp"

#include <gmock/gmock.h>

#include "report/json.hpp"
#include "report/outcome_json.hpp"
#include "report/testing.hpp"

namespace rivet::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const base::Redactor kNothingSecret;

template <class Event>
Event there_and_back(const ProgressEvent& event) {
  return std::get<Event>(progress_event_of(to_line(event, kNothingSecret)).value());
}

RunOutcome every_field_set() {
  auto outcome = testing::failure();
  outcome.pg_temp_bytes_delta = 7;
  outcome.longest_unit_ms = 8;
  outcome.validated = false;
  outcome.reconciliation =
      model::journal::ReconciliationResult{.source_count = 3, .exported_rows = 2, .matched = false};
  outcome.schema_changed = true;
  outcome.schema_changes = {"added a"};
  outcome.plan_warnings = {{"rule", "message"}};
  outcome.warnings = {"slow", "slower"};
  outcome.error->context = {"inner", "outer"};
  outcome.error->settle_time = std::chrono::milliseconds(15'000);
  outcome.error->vendor_code = "57P01";
  outcome.skip_reason = "none";
  outcome.took_over = true;
  outcome.digest = "v1";
  outcome.apply_context = ApplyContext{.plan_id = "p1", .forced = true, .force_bypassed = {"expired"}};
  outcome.prediction = model::Prediction{.rows = {1, 2, 3},
                                         .bytes_written = {},
                                         .duration_ms = {},
                                         .statements = {},
                                         .peak_rss_mb = {},
                                         .basis = "the catalogue"};
  return outcome;
}

TEST(OutcomeJson, LosesNoField) {
  const auto json = outcome_to_json(every_field_set());
  for (const auto& [key, value] : json.items()) EXPECT_FALSE(value.is_null()) << key;
  const auto back = outcome_from_json(nlohmann::json::parse(json.dump()));
  ASSERT_TRUE(back.has_value()) << back.error().to_string();
  EXPECT_EQ(outcome_to_json(*back).dump(), json.dump());
  EXPECT_EQ(back->error->kind, ErrorKind::unavailable);
  EXPECT_EQ(back->started_at, testing::failure().started_at);
}

TEST(OutcomeJson, AbsentStaysAbsent) {
  const auto back = outcome_from_json(nlohmann::json::parse(outcome_to_json(testing::success()).dump()));
  ASSERT_TRUE(back.has_value());
  EXPECT_FALSE(back->error || back->validated || back->reconciliation || back->skip_reason || back->longest_unit_ms);
}

TEST(OutcomeJson, EveryFieldMustBeThere) {
  const auto whole = nlohmann::json::parse(outcome_to_json(every_field_set()).dump());
  for (const char* key : {"export_name", "rows", "warnings", "resumable", "started_at"}) {
    auto part = whole;
    part.erase(key);
    EXPECT_EQ(outcome_from_json(part).error().kind, ErrorKind::data) << key;
  }
}

TEST(OutcomeJson, AnUnknownKindOfErrorIsRefused) {
  auto json = nlohmann::json::parse(outcome_to_json(testing::failure()).dump());
  json["error"]["kind"] = "bad luck";
  EXPECT_FALSE(outcome_from_json(json).has_value());
}

TEST(ProgressEvents, ArriveAsTheyWereSent) {
  EXPECT_EQ(there_and_back<Started>(Started{"a"}).export_name, "a");
  EXPECT_EQ(there_and_back<ProgressInit>(ProgressInit{"a", 5}).estimated_rows, 5);
  EXPECT_EQ(there_and_back<ProgressInit>(ProgressInit{"a", {}}).estimated_rows, std::nullopt);
  EXPECT_EQ(there_and_back<Progress>(Progress{"a", 5, 6}).bytes_read, 6);
  EXPECT_EQ(there_and_back<Note>(Note{"a", "two\nlines"}).message, "two\nlines");
  EXPECT_EQ(there_and_back<Finished>(Finished{testing::success()}).outcome.rows, testing::success().rows);
}

TEST(ProgressEvents, AreOneLineWithoutSecrets) {
  base::Redactor redactor;
  redactor.remember("s3cret-word");
  const auto line = to_line(Note{"a", "password\ns3cret-word"}, redactor);
  EXPECT_THAT(line, Not(HasSubstr("s3cret")));
  EXPECT_THAT(line, Not(HasSubstr("\n")));
}

TEST(ProgressEvents, OtherLinesAreNone) {
  for (const char* line : {"", "hello", "{}", "[]", R"({"event": "Finished", "export_name": "a"})",
                           R"({"event": "Progress", "export_name": "a", "rows": -1, "bytes_read": 0})",
                           R"({"event": "Dance", "export_name": "a"})"}) {
    EXPECT_FALSE(progress_event_of(line).has_value()) << line;
  }
}

TEST(EventProgress, TellsTotalsSeldomAndTheEndNot) {
  std::vector<std::string> names;
  EventProgress progress(
      [&](std::string_view line) { names.push_back(nlohmann::json::parse(line).at("event").get<std::string>()); },
      kNothingSecret);
  progress.started("a", std::nullopt);
  progress.started("a", 100);
  for (int i = 0; i < 50; ++i) progress.advanced("a", i, i);
  progress.finished(testing::success());
  progress.send(Finished{testing::success()});
  EXPECT_THAT(names, ElementsAre("Started", "ProgressInit", "Progress", "Finished"));
}

}  // namespace
}  // namespace rivet::report
