// SPDX-License-Identifier: Apache-2.0
// Scores that scripts know, and which mode follows from rows, keys and columns.
#include "plan/suggest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::plan {
namespace {

using config::Mode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = model::LogicalKind;

model::Column column(std::string name, Kind kind, bool nullable = true) {
  return {.name = std::move(name), .native_type = "native", .type = {.kind = kind}, .nullable = nullable};
}

model::Inventory inventory(model::Columns columns, std::vector<model::Key> keys) {
  model::Inventory out;
  out.columns = std::move(columns);
  out.keys = std::move(keys);
  return out;
}

model::Inventory orders() {
  auto out = inventory({column("id", Kind::int64, false), column("user_id", Kind::int32), column("product", Kind::text),
                        column("price", Kind::text), column("status", Kind::text),
                        column("created_at", Kind::timestamp_tz), column("updated_at", Kind::timestamp_tz)},
                       {{.columns = {"id"}, .primary = true}});
  out.indexed = {"id"};
  return out;
}

RelationFacts facts(model::Inventory inventory, std::optional<std::int64_t> rows) {
  RelationFacts out{.entry = {.schema = "public", .name = "t", .row_estimate = rows},
                    .inventory = std::move(inventory)};
  return out;
}

std::vector<std::pair<std::string, int>> scores(const std::vector<model::CursorCandidate>& candidates) {
  std::vector<std::pair<std::string, int>> out;
  for (const auto& candidate : candidates) out.emplace_back(candidate.column, candidate.score);
  return out;
}

TEST(Suggest, ScoresCursorsAsScriptsKnowThem) {
  const auto candidates = rank_cursors(orders());
  EXPECT_THAT(scores(candidates),
              ElementsAre(std::pair("updated_at", 71), std::pair("created_at", 52), std::pair("id", 30)));
  EXPECT_THAT(candidates[0].reasons, ElementsAre("timestamp_type", "name_suggests_updated", "nullable"));
  EXPECT_THAT(candidates[2].reasons, ElementsAre("integer_monotonic", "primary_key"));
}

TEST(Suggest, PrefersACursorWithAnIndex) {
  auto table = orders();
  table.indexed = {"id", "created_at", "updated_at"};
  const auto candidates = rank_cursors(table);
  EXPECT_THAT(scores(candidates),
              ElementsAre(std::pair("updated_at", 81), std::pair("created_at", 62), std::pair("id", 30)));
  EXPECT_THAT(candidates[0].reasons, testing::Contains("indexed"));
  table.indexed = {"id", "created_at"};
  const auto two = inventory({column("a", Kind::timestamp), column("b", Kind::timestamp)}, {});
  EXPECT_EQ(rank_cursors(two).front().column, "a");
  auto with_index = two;
  with_index.indexed = {"b"};
  EXPECT_EQ(rank_cursors(with_index).front().column, "b");
}

TEST(Suggest, ScoresChunkColumns) {
  const auto candidates = rank_chunks(orders());
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].column, "id");
  EXPECT_EQ(candidates[0].score, 60);
  EXPECT_EQ(candidates[1].column, "user_id");
  EXPECT_EQ(candidates[1].score, 20);
}

TEST(Suggest, ReadsSmallRelationsWhole) {
  EXPECT_EQ(suggest(facts(orders(), 99'999), {}).suggestion.mode, "full");
  EXPECT_EQ(suggest(facts(orders(), std::nullopt), {}).suggestion.mode, "full");
}

TEST(Suggest, CutsLargeTablesByTheBestKeyWithoutNulls) {
  const auto table = suggest(facts(orders(), 950'000), {});
  EXPECT_EQ(table.suggestion.mode, "chunked");
  EXPECT_THAT(table.suggestion.chunk_by_key, ElementsAre("id"));
  EXPECT_EQ(table.suggestion.chunk_size, 100'000);
  EXPECT_EQ(table.suggestion.parallel, 2);

  auto composite = inventory({column("a", Kind::uuid, false), column("b", Kind::text, false), column("c", Kind::text)},
                             {{.columns = {"c"}, .nullable = true}, {.columns = {"a", "b"}}});
  EXPECT_THAT(suggest(facts(composite, 200'000), {}).suggestion.chunk_by_key, ElementsAre("a", "b"));
}

TEST(Suggest, FollowsATimestampWhereThereIsNoKey) {
  auto keyless = inventory({column("at", Kind::timestamp), column("created_at", Kind::timestamp, false)}, {});
  const auto table = suggest(facts(keyless, 200'000), {});
  EXPECT_EQ(table.suggestion.mode, "incremental");
  EXPECT_EQ(table.suggestion.cursor, "created_at");
  EXPECT_EQ(suggest(facts(inventory({column("a", Kind::text)}, {}), 200'000), {}).suggestion.mode, "full");
}

TEST(Suggest, OffersAFallbackForACursorThatMayBeNull) {
  auto table = inventory({column("updated_at", Kind::timestamp_tz), column("seen", Kind::date, false),
                          column("stamp", Kind::timestamp, false), column("born", Kind::timestamp_tz, false)},
                         {});
  const auto found = suggest(facts(table, 10), {});
  EXPECT_EQ(found.fallback, "born");  // of the same type as the cursor
  EXPECT_THAT(found.notes, ElementsAre(HasSubstr("coalesce")));
}

TEST(Suggest, NotesAMissingIndexAndASparseKey) {
  auto large = facts(orders(), 200'000);
  large.span = KeySpan{"id", 1e12};
  EXPECT_THAT(suggest(large, {}).notes, ElementsAre(HasSubstr("no index"), HasSubstr("sparse")));
  large.span = KeySpan{"id", 700'000};
  large.inventory.indexed = {"id", "updated_at"};
  EXPECT_THAT(suggest(large, {}).notes, IsEmpty());
}

TEST(Suggest, TakesAForcedModeWhereItIsPossible) {
  EXPECT_EQ(suggest(facts(orders(), 5), Mode::chunked).suggestion.mode, "chunked");
  EXPECT_EQ(suggest(facts(orders(), 5), Mode::incremental).suggestion.cursor, "updated_at");
  EXPECT_EQ(suggest(facts(orders(), 5), Mode::time_window).suggestion.cursor, "updated_at");
  EXPECT_EQ(suggest(facts(orders(), 950'000), Mode::full).suggestion.mode, "full");
  const auto plain = inventory({column("a", Kind::text)}, {});
  for (const auto mode : {Mode::chunked, Mode::incremental, Mode::time_window}) {
    const auto suggestion = suggest(facts(plain, 5), mode).suggestion;
    EXPECT_EQ(suggestion.mode, "full");
    EXPECT_THAT(suggestion.reason, HasSubstr("is not possible here"));
  }
}

TEST(Suggest, NeverCutsWhatHasToBeReadByAQuery) {
  auto mixed = facts(orders(), 950'000);
  mixed.misfits.readable_query = "SELECT 1";
  EXPECT_EQ(suggest(mixed, {}).suggestion.mode, "full");
  EXPECT_EQ(suggest(mixed, Mode::chunked).suggestion.mode, "full");
}

TEST(Suggest, GrowsChunksAndConnectionsWithTheTable) {
  EXPECT_EQ(suggest_chunk_size(999'999), 100'000);
  EXPECT_EQ(suggest_chunk_size(1'000'000), 250'000);
  EXPECT_EQ(suggest_chunk_size(10'000'000), 1'000'000);
  EXPECT_EQ(suggest_chunk_size(100'000'000), 2'500'000);
  EXPECT_EQ(suggest_parallel(499'999), 1);
  EXPECT_EQ(suggest_parallel(4'999'999), 2);
  EXPECT_EQ(suggest_parallel(5'000'000), 4);
}

}  // namespace
}  // namespace rivet::plan
