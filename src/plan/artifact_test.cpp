// SPDX-License-Identifier: Apache-2.0
// Nothing in a sealed plan can change without being noticed.
#include "plan/artifact.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace rivet::plan {
namespace {

using nlohmann::ordered_json;

config::Export orders() {
  config::Export entry;
  entry.name = "orders";
  entry.relation.table = "orders";
  return entry;
}

Artifact artifact() {
  model::Plan plan{.export_name = "orders", .family = "orders", .relation = {.table = "orders"}};
  plan.units = {{.index = 0, .predicate = {}, .start_key = "", .end_key = "", .reason = "all"}};
  plan.prediction = model::Prediction{};
  return {.rivet_version = "1",
          .plan_id = "0123",
          .created_at = base::Timestamp(std::chrono::hours(1'000)),
          .expires_at = base::Timestamp(std::chrono::hours(1'024)),
          .export_name = "orders",
          .config_path = "rivet.yaml",
          .definition = {.source = R"({"type": "sqlite", "path": "a.db"})",
                         .exports = {R"({"name": "orders", "table": "orders"})"},
                         .file = "/etc/rivet.yaml"},
          .plans = {plan}};
}

std::string sealed() {
  const auto entry = orders();
  return seal(artifact(), {.entry = entry, .preflight = {}});
}

TEST(Artifact, ComesBackAsItWas) {
  const auto read = read_artifacts(sealed(), "plan.json");
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  const auto& back = read->front();
  EXPECT_EQ(back.plan_id, "0123");
  EXPECT_EQ(back.created_at, artifact().created_at);
  EXPECT_EQ(back.definition.file, "/etc/rivet.yaml");
  EXPECT_EQ(ordered_json::parse(back.definition.source)["path"], "a.db");
  EXPECT_EQ(model::to_json_text(back.plans.front()), model::to_json_text(artifact().plans.front()));
}

/// Every document that differs from `whole` in one value.
void for_each_edit(ordered_json& whole, ordered_json& here, const std::function<void()>& look) {
  if (here.is_structured()) {
    for (auto& child : here) for_each_edit(whole, child, look);
    return;
  }
  const auto before = here;
  here = before == "edited" ? "other" : "edited";
  look();
  here = before;
}

TEST(Artifact, ShowsEveryEdit) {
  auto document = ordered_json::parse(sealed());
  int edits = 0;
  for_each_edit(document, document, [&] {
    ++edits;
    EXPECT_FALSE(read_artifacts(document.dump(), "plan.json").has_value()) << document.dump();
  });
  EXPECT_GT(edits, 60);
  EXPECT_TRUE(read_artifacts(document.dump(), "plan.json").has_value()) << "the edits were taken back";
}

TEST(Artifact, ShowsWhatIsMissing) {
  const auto document = ordered_json::parse(sealed());
  for (const auto& [key, value] : document.items()) {
    auto without = document;
    without.erase(key);
    EXPECT_FALSE(read_artifacts(without.dump(), "plan.json").has_value()) << key;
  }
}

TEST(Artifact, ShowsThatItWasCutShort) {
  const auto whole = sealed();
  for (std::size_t size = 0; size + 3 < whole.size(); size += 7) {
    const auto read = read_artifacts(std::string_view(whole).substr(0, size), "plan.json");
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, "RIVET_PLAN_UNREADABLE");
  }
}

TEST(Artifact, OfABundleAreSealedTwice) {
  const auto bundle = seal_bundle({sealed(), sealed()}, {});
  EXPECT_EQ(read_artifacts(bundle, "plan.json")->size(), 2U);
  auto document = ordered_json::parse(bundle);
  document["exports"].erase(0);
  EXPECT_EQ(read_artifacts(document.dump(), "plan.json").error().code, "RIVET_PLAN_EDITED");
}

TEST(Artifact, Ages) {
  const auto plan = artifact();
  EXPECT_EQ(age_of(plan, plan.created_at + std::chrono::minutes(59)), Age::fresh);
  EXPECT_EQ(age_of(plan, plan.created_at + std::chrono::hours(1)), Age::aging);
  EXPECT_EQ(age_of(plan, plan.created_at + std::chrono::hours(24)), Age::expired);
}

}  // namespace
}  // namespace rivet::plan
