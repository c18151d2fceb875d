// SPDX-License-Identifier: Apache-2.0
// Plans are read back from the state store by other processes, of other days.
#include "model/plan.hpp"

#include <gmock/gmock.h>

#include <random>

namespace rivet::model {
namespace {

Plan rich_plan() {
  const KeyColumns cursor{{"at", "id"}, true};
  const Position since{.key = cursor, .cursor = {"2024-01-01"}, .horizon = 700, .source_id = "s-1"};
  auto until = since;
  until.cursor = {"2024-02-01"};
  until.horizon = std::nullopt;
  return {.export_name = "t__2024",
          .family = "t",
          .relation = {.schema = "public", .table = "t", .query = {}},
          .source_engine = "postgres",
          .mode = "incremental",
          .strategy = "incremental",
          .key = {"at", "id"},
          .reason = "because",
          .consistency = "unit",
          .destination_kind = "local",
          .destination_uri = "file:///out",
          .prefix = "/out",
          .format = "parquet",
          .compression = "zstd",
          .source_columns = {{.name = "id", .native_type = "bigint", .type = {.kind = LogicalKind::int64}}},
          .columns = {{.name = "id", .native_type = "bigint", .type = {.kind = LogicalKind::int64}}},
          .row_hash_covered = {"id"},
          .max_file_size = 1'000'000,
          .row_estimate = 12,
          .catalogue_fingerprint = "xxh3:1",
          .units = {{.index = 0,
                     .predicate = {{KeyRange{.columns = cursor.columns,
                                             .lower = Bound{since.cursor, false},
                                             .upper = Bound{until.cursor, true},
                                             .coalesced = true},
                                    VersionRange{.from = 5, .below = 9}}},
                     .start_key = "2024-01-01",
                     .end_key = "2024-02-01",
                     .reason = "new"}},
          .tiling = "one",
          .incremental = Incremental{.cursor = cursor,
                                     .since = since,
                                     .until = until,
                                     .versions = true,
                                     .again_units = 1,
                                     .identity = {"id", "at"},
                                     .by_key = true,
                                     .lookback = 9,
                                     .remember_from = 1,
                                     .remember_after = KeyValues{"2024-01-15"}},
          .snapshot = "00000003-1",
          .warnings = {{"rule", "words"}},
          .fingerprint = "f"};
}

TEST(Plan, IsReadBackAsItWas) {
  const auto text = to_json_text(rich_plan());
  const auto read = plan_from_json_text(text);
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  EXPECT_EQ(to_json_text(*read), text);
  EXPECT_EQ(read->family, "t");
  EXPECT_EQ(read->units.front().predicate, rich_plan().units.front().predicate);
  EXPECT_EQ(read->incremental->since, rich_plan().incremental->since);
}

TEST(Plan, NonsenseIsRefused) {
  for (const auto* text : {"", "[]", "{}", "null", R"({"export_name":1})"}) {
    const auto read = plan_from_json_text(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::data) << text;
  }
}

TEST(Plan, SurvivesDamage) {
  const auto text = to_json_text(rich_plan());
  std::mt19937 random(4);
  for (int i = 0; i < 5'000; ++i) {
    auto damaged = text;
    for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto read = plan_from_json_text(damaged);
    if (!read.has_value()) continue;
    const auto again = plan_from_json_text(to_json_text(*read));
    ASSERT_TRUE(again.has_value()) << damaged;
    EXPECT_EQ(to_json_text(*again), to_json_text(*read));
  }
}

}  // namespace
}  // namespace rivet::model
