// SPDX-License-Identifier: Apache-2.0
// What incremental exports remember from run to run: position, row digests, hashes of values.
#include <gmock/gmock.h>

#include "state/schema.hpp"
#include "state/sqlite/connection.hpp"
#include "state/store_fixture.hpp"

namespace rivet::state {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// `count` row digests of one letter.
std::string digests(int count, char letter) { return std::string(static_cast<std::size_t>(count) * 16, letter); }

class MemoryTest : public StoreTest {
 protected:
  /// Starts a run and commits one unit for each of `memories`.
  void committed(const std::string& run_id, const std::vector<RecentKeys>& memories) {
    auto update = start(run_id, static_cast<int>(memories.size()));
    update.mode = "incremental";
    must(update);
    for (const auto& memory : memories) {
      auto unit = commit(run_id, must_claim(run_id));
      unit.recent = memory;
      must(unit);
    }
  }

  void seal(const std::string& run_id, const std::string& cursor, std::int64_t limit, int at = 10) {
    must(RunSealed{.run_id = run_id,
                   .owner = kMe,
                   .append = true,
                   .position = at_cursor(cursor),
                   .recent_limit = limit,
                   .at = instant(at)});
  }

  void publish(const std::string& run_id) { must(RunPublished{.run_id = run_id, .columns = {}, .at = instant(11)}); }

  /// A published run that remembers `keys` rows.
  void ran(const std::string& run_id, int keys, std::int64_t limit) {
    committed(run_id, {{.after = {}, .of_null = false, .digests = digests(keys, 'x')}});
    seal(run_id, "1", limit);
    publish(run_id);
  }

  /// `run:keys` of everything that is remembered, with `!` for rows without a cursor.
  std::vector<std::string> remembered() {
    std::vector<std::string> found;
    const auto groups = store_->recent_keys("orders");
    EXPECT_TRUE(groups.has_value());
    if (!groups.has_value()) return found;
    for (const auto& group : *groups) {
      found.push_back(group.run_id + ":" + std::to_string(group.digests.size() / 16) + (group.of_null ? "!" : ""));
    }
    return found;
  }
};

TEST_F(MemoryTest, APositionIsStoredByPublishingNotBySealing) {
  committed("r1", {});
  EXPECT_EQ(run("r1").position, std::nullopt);
  seal("r1", "42", 7);
  EXPECT_EQ(run("r1").position, at_cursor("42"));
  EXPECT_EQ(run("r1").recent_limit, 7);
  EXPECT_EQ(*store_->position("orders"), std::nullopt);
  publish("r1");
  EXPECT_EQ(*store_->position("orders"), at_cursor("42"));
  EXPECT_EQ(*store_->position("customers"), std::nullopt);
  EXPECT_EQ((*store_->exports())[0].last_cursor_value, "42");
}

TEST_F(MemoryTest, APositionWithoutACursorShowsNone) {
  must(start("r1", 0));
  const model::Position position{.cursor = {}, .horizon = 5, .source_id = "s"};
  must(RunSealed{.run_id = "r1", .owner = kMe, .position = position, .at = instant(2)});
  publish("r1");
  EXPECT_EQ(*store_->position("orders"), position);
  EXPECT_EQ((*store_->exports())[0].last_cursor_value, std::nullopt);
}

TEST_F(MemoryTest, ACompositeCursorIsShownAsAnArray) {
  must(start("r1", 0));
  must(RunSealed{.run_id = "r1",
                 .owner = kMe,
                 .position = model::Position{.cursor = {"a", "7"}, .horizon = {}, .source_id = ""},
                 .at = instant(2)});
  publish("r1");
  EXPECT_EQ((*store_->exports())[0].last_cursor_value, R"(["a","7"])");
  EXPECT_EQ((*store_->progression({}))[0].committed->cursor, R"(["a","7"])");
}

TEST_F(MemoryTest, ALatePublishingDoesNotTurnThePositionBack) {
  committed("r1", {});
  seal("r1", "10", 0, 6);
  auto elsewhere = start("r2", 0);
  elsewhere.prefix = "other/";
  must(elsewhere);
  seal("r2", "20", 0, 5);  // a clock that was set back
  publish("r2");
  publish("r1");
  EXPECT_EQ(*store_->position("orders"), at_cursor("20"));
  EXPECT_EQ((*store_->exports())[0].last_cursor_value, "20");
}

TEST_F(MemoryTest, ADamagedPositionIsADataErrorThatNamesTheExport) {
  ran("r1", 0, 0);
  ask("UPDATE export_position SET position_json = '{\"cursor\":7}'");
  const auto error = store_->position("orders").error();
  EXPECT_EQ(error.kind, ErrorKind::data);
  EXPECT_THAT(error.to_string(), HasSubstr("'orders'"));
  ask("UPDATE run SET position_json = '[]'");
  EXPECT_EQ(store_->run("r1").error().kind, ErrorKind::data);
}

TEST_F(MemoryTest, RowsOfAUnitAreReadBackOncePublished) {
  const std::string bytes("\0\xff\x01 'binary' \0\x80!", 16);
  committed("r1", {{.after = R"(["5"])", .of_null = false, .digests = bytes.substr(0, 16)},
                   {.after = {}, .of_null = true, .digests = digests(2, 'n')}});
  EXPECT_THAT(remembered(), IsEmpty());
  seal("r1", "9", 100);
  EXPECT_THAT(remembered(), IsEmpty());
  publish("r1");
  const auto groups = store_->recent_keys("orders");
  ASSERT_TRUE(groups.has_value());
  ASSERT_EQ(groups->size(), 2U);
  EXPECT_EQ((*groups)[0].run_id, "r1");
  EXPECT_EQ((*groups)[0].after, R"(["5"])");
  EXPECT_FALSE((*groups)[0].of_null);
  EXPECT_EQ((*groups)[0].digests, bytes.substr(0, 16));
  EXPECT_EQ((*groups)[1].after, std::nullopt);
  EXPECT_TRUE((*groups)[1].of_null);
  EXPECT_EQ(ask("SELECT min(length(digests)) || ',' || max(length(digests)) FROM recent_key"), "16,32");
  EXPECT_THAT(*store_->recent_keys("customers"), IsEmpty());
}

TEST_F(MemoryTest, TornDigestsAreRefused) {
  must(start("r1"));
  auto update = commit("r1", must_claim("r1"));
  update.recent = RecentKeys{.after = {}, .of_null = false, .digests = "fifteen bytes !"};
  EXPECT_EQ(refused(update).kind, ErrorKind::internal);
  update.recent.reset();
  update.unique_hashes = {{"id", "seven b"}};
  EXPECT_EQ(refused(update).kind, ErrorKind::internal);
  update.unique_hashes = {{"id", "8 bytes!"}};
  must(update);
}

TEST_F(MemoryTest, TheNewestRunComesFirst) {
  ran("r2", 1, 100);
  ran("r1", 2, 100);
  ran("r3", 3, 100);
  EXPECT_THAT(remembered(), ElementsAre("r3:3", "r1:2", "r2:1"));
}

TEST_F(MemoryTest, OldRunsAreForgottenOnceNewerOnesReachTheLimit) {
  ran("r1", 4, 10);
  ran("r2", 4, 10);
  ran("r3", 4, 10);
  EXPECT_THAT(remembered(), ElementsAre("r3:4", "r2:4", "r1:4"));
  ran("r4", 4, 10);
  EXPECT_THAT(remembered(), ElementsAre("r4:4", "r3:4", "r2:4"));
  ran("r5", 30, 10);
  EXPECT_THAT(remembered(), ElementsAre("r5:30"));
}

TEST_F(MemoryTest, TheNewestRunWithRowsIsKeptWhateverTheLimit) {
  ran("r1", 4, 10);
  ran("r2", 4, 0);
  EXPECT_THAT(remembered(), ElementsAre("r2:4"));
  ran("r3", 0, 0);
  EXPECT_THAT(remembered(), ElementsAre("r3:0", "r2:4"));
  ran("r4", 0, 10);
  EXPECT_THAT(remembered(), ElementsAre("r4:0", "r2:4"));
}

TEST_F(MemoryTest, RowsWithoutACursorAreNeverForgotten) {
  committed("r1", {{.after = {}, .of_null = true, .digests = digests(3, 'n')},
                   {.after = {}, .of_null = false, .digests = digests(3, 'x')}});
  seal("r1", "1", 1);
  publish("r1");
  ran("r2", 5, 1);
  EXPECT_THAT(remembered(), ElementsAre("r2:5", "r1:3!"));
}

TEST_F(MemoryTest, ARunThatReplacesEverythingForgetsWhatWasFollowed) {
  ran("r1", 4, 10);
  ran("r2", 4, 10);
  sealed("r3", false, std::nullopt, "full");
  publish("r3");
  EXPECT_THAT(remembered(), IsEmpty());
  EXPECT_FALSE(store_->position("orders")->has_value());
}

TEST_F(MemoryTest, AnEndedRunIsNotRemembered) {
  ran("r1", 1, 10);
  must(start("r2"));
  auto update = commit("r2", must_claim("r2"));
  update.recent = RecentKeys{.after = {}, .of_null = true, .digests = digests(1, 'n')};
  update.unique_hashes = {{"id", "8 bytes!"}};
  must(update);
  must(RunEnded{.run_id = "r2", .owner = kMe, .status = "failed", .error = "", .at = instant(9)});
  EXPECT_THAT(remembered(), ElementsAre("r1:1"));
  EXPECT_EQ(ask("SELECT count(*) FROM recent_key WHERE run_id = 'r2'"), "0");
  EXPECT_THAT(*store_->unique_hashes("r2", "id"), IsEmpty());
}

TEST_F(MemoryTest, ValueHashesAreThereUntilPublishing) {
  must(start("r1"));
  const auto first = must_claim("r1");
  auto second = commit("r1", must_claim("r1"));
  second.unique_hashes = {{"id", "unit two"}, {"code", "c of two"}};
  must(second);
  auto update = commit("r1", first);
  update.unique_hashes = {{"id", "unit one"}};
  must(update);
  EXPECT_THAT(*store_->unique_hashes("r1", "id"), ElementsAre("unit one", "unit two"));
  EXPECT_THAT(*store_->unique_hashes("r1", "code"), ElementsAre("c of two"));
  EXPECT_THAT(*store_->unique_hashes("r2", "id"), IsEmpty());
  seal("r1", "1", 0);
  EXPECT_EQ(store_->unique_hashes("r1", "id")->size(), 2U);
  publish("r1");
  EXPECT_THAT(*store_->unique_hashes("r1", "id"), IsEmpty());
}

TEST_F(MemoryTest, AStaleCommitRemembersNothing) {
  must(start("r1"));
  auto update = commit("r1", must_claim("r1"), 10, kOther);
  update.recent = RecentKeys{.after = {}, .of_null = false, .digests = digests(1, 'x')};
  EXPECT_EQ(refused(update).kind, ErrorKind::conflict);
  EXPECT_EQ(ask("SELECT count(*) FROM recent_key"), "0");
}

/// A store as version 2 left it, with a sealed run.
void write_version_2(const std::filesystem::path& path) {
  auto db = sqlite::Connection::open(path, 1000);
  const auto run_sql = [&](std::string_view sql) {
    const auto done = (*db)->run_script(sql);
    ASSERT_TRUE(done.has_value()) << done.error().to_string();
  };
  for (const auto& migration : migrations().first(2)) {
    run_sql(migration.tables);
    run_sql(migration.sqlite_views);
    run_sql("INSERT INTO schema_version (version) VALUES (" + std::to_string(migration.version) + ")");
  }
  run_sql("PRAGMA application_id = 0x52495654");
  run_sql(
      "INSERT INTO run (run_id, export_name, prefix, plan_hash, plan_json, mode, nonce, format, compression, stage, "
      "status, owner, lease_until, started_at, sealed_at, generation, max_attempts) VALUES ('old', 'orders', 'out/', "
      "'h', '{}', 'full', 'n', 'csv', 'none', 'sealed', 'running', 'me', 0, '2026-11-21T00:20:33.000000+00:00', "
      "'2026-11-21T00:20:34.000000+00:00', 1, 3)");
}

TEST_F(MemoryTest, AStoreOfVersion2IsBroughtUpToDate) {
  const auto path = directory_ / "old.db";
  write_version_2(path);
  const auto store = sqlite::open_sqlite_store(path);
  ASSERT_TRUE(store.has_value()) << store.error().to_string();
  const auto old = (*store)->run("old");
  ASSERT_TRUE(old.has_value() && old->has_value());
  EXPECT_EQ((*old)->position, std::nullopt);
  EXPECT_EQ((*old)->recent_limit, 0);
  ASSERT_TRUE((*store)->apply(RunPublished{.run_id = "old", .columns = {}, .at = instant(1)}).has_value());
  EXPECT_EQ(*(*store)->position("orders"), std::nullopt);
  EXPECT_EQ((*store)->exports()->size(), 1U);
  EXPECT_TRUE(sqlite::open_sqlite_store(path).has_value());
}

}  // namespace
}  // namespace rivet::state
