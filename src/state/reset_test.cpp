// SPDX-License-Identifier: Apache-2.0
// Resets: what they forget, what they keep, and whom they leave alone.
#include <gmock/gmock.h>

#include "state/store_fixture.hpp"

namespace rivet::state {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ResetTest : public StoreTest {
 protected:
  /// A published incremental run that remembers a row.
  void ran(const std::string& run_id) {
    must(start(run_id, 1));
    auto update = commit(run_id, must_claim(run_id));
    update.recent = RecentKeys{.after = {}, .of_null = true, .digests = std::string(16, 'n')};
    must(update);
    must(RunSealed{.run_id = run_id, .owner = kMe, .append = true, .position = at_cursor("42"), .at = instant(10)});
    must(RunPublished{.run_id = run_id, .columns = {}, .shapes = {{"name", 4}}, .at = instant(11)});
  }

  ExportReset reset(int at = 20, std::vector<Owner> dead = {}) {
    return {.export_name = "orders", .dead = std::move(dead), .at = instant(at)};
  }
};

using ExportResetTest = ResetTest;

TEST_F(ExportResetTest, ForgetsWhereToGoOnAndKeepsWhatWasWritten) {
  ran("r1");
  must(reset());
  EXPECT_EQ(*store_->position("orders"), std::nullopt);
  EXPECT_THAT(*store_->recent_keys("orders"), IsEmpty());
  EXPECT_THAT(*store_->exports(), IsEmpty());
  EXPECT_THAT(*store_->progression({}), IsEmpty());
  EXPECT_TRUE(store_->schema_baseline("orders")->has_value());
  EXPECT_EQ(store_->shapes("orders")->size(), 1U);
  EXPECT_THAT(live_paths(), ElementsAre("r1-0-1.parquet"));
  must(reset());
}

TEST_F(ExportResetTest, LeavesOtherExportsAlone) {
  auto other = start("c1", 0);
  other.export_name = "customers";
  must(other);
  must(RunSealed{.run_id = "c1", .owner = kMe, .position = at_cursor("7"), .at = instant(2)});
  must(RunPublished{.run_id = "c1", .columns = {}, .at = instant(3)});
  ran("r1");
  must(reset());
  EXPECT_EQ(*store_->position("customers"), at_cursor("7"));
  EXPECT_EQ(store_->exports()->size(), 1U);
}

TEST_F(ExportResetTest, AnUnknownExportIsAnErrorThatNamesTheKnownOnes) {
  EXPECT_EQ(refused(reset()).kind, ErrorKind::config);
  auto other = start("c1", 0);
  other.export_name = "customers";
  must(other);
  const auto error = refused(reset());
  EXPECT_EQ(error.kind, ErrorKind::config);
  EXPECT_THAT(error.message, HasSubstr("'orders'"));
  EXPECT_THAT(error.hint, HasSubstr("customers"));
  EXPECT_THAT(*store_->known_exports(), ElementsAre("customers"));
}

TEST_F(ExportResetTest, IsRefusedWhileALivingProcessHoldsARun) {
  ran("r1");
  must(start("r2"));
  const auto error = refused(reset());
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_EQ(error.code, "RIVET_RUN_IN_PROGRESS");
  EXPECT_THAT(error.message, HasSubstr("r2"));
  EXPECT_EQ(*store_->position("orders"), at_cursor("42"));
  EXPECT_EQ(run("r2").stage, RunStage::running);
  EXPECT_EQ(refused(reset(20, {kOther})).kind, ErrorKind::conflict);
}

TEST_F(ExportResetTest, EndsTheRunOfADeadProcess) {
  must(start("r1"));
  must(commit("r1", must_claim("r1")));
  must(reset(20, {kMe}));
  EXPECT_EQ(run("r1").stage, RunStage::ended);
  EXPECT_EQ(run("r1").status, "interrupted");
  EXPECT_EQ(store_->unswept_runs("orders")->size(), 1U);
  must(start("r2"));
  must(reset(61));  // a lease that ran out
  EXPECT_EQ(run("r2").status, "interrupted");
}

TEST_F(ExportResetTest, ALivingWorkerOfADeadRunIsLeftAlone) {
  must(start("r1"));
  must_claim("r1", kWorker);
  EXPECT_THAT(refused(reset(20, {kMe})).message, HasSubstr(kWorker));
  EXPECT_EQ(run("r1").stage, RunStage::running);
  must(reset(20, {kMe, kWorker}));
}

TEST_F(ExportResetTest, ASealedRunIsPublishedLaterWithoutItsPosition) {
  ran("r1");
  sealed("r2", true, "50", "incremental");
  EXPECT_EQ(refused(reset()).kind, ErrorKind::conflict);
  must(reset(20, {kMe}));
  EXPECT_EQ(run("r2").stage, RunStage::sealed);
  must(RunPublished{.run_id = "r2", .columns = {}, .at = instant(30)});
  EXPECT_EQ(*store_->position("orders"), std::nullopt);
  EXPECT_THAT(*store_->recent_keys("orders"), IsEmpty());
  EXPECT_EQ((*store_->exports())[0].last_cursor_value, std::nullopt);
}

TEST_F(ExportResetTest, APositionCanBeStoredAgainAfterwards) {
  ran("r1");
  must(reset());
  ran("r2");
  EXPECT_EQ(*store_->position("orders"), at_cursor("42"));
  EXPECT_EQ(store_->recent_keys("orders")->size(), 1U);
}

using ChunksResetTest = ResetTest;

TEST_F(ChunksResetTest, EndsDeadRunsSoThatTheNextOneStartsAnew) {
  ran("r1");
  must(start("r2"));
  must(ChunksReset{.run_ids = {"r2"}, .dead = {kMe}, .at = instant(20)});
  EXPECT_EQ(run("r2").status, "interrupted");
  EXPECT_EQ(*store_->position("orders"), at_cursor("42"));
  must(start("r3"));
}

TEST_F(ChunksResetTest, IsAllOrNothing) {
  must(start("r1"));
  auto other = start("c1");
  other.export_name = "customers";
  other.owner = kOther;
  must(other);
  const auto error = refused(ChunksReset{.run_ids = {"r1", "c1"}, .dead = {kMe}, .at = instant(20)});
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_THAT(error.message, HasSubstr("c1"));
  EXPECT_EQ(run("r1").stage, RunStage::running);
}

TEST_F(ChunksResetTest, IsRefusedForRunsThatAreNotRunning) {
  EXPECT_EQ(refused(ChunksReset{.run_ids = {"r1"}, .dead = {kMe}, .at = instant(90)}).kind, ErrorKind::conflict);
  sealed("r1");
  EXPECT_EQ(refused(ChunksReset{.run_ids = {"r1"}, .dead = {kMe}, .at = instant(90)}).kind, ErrorKind::conflict);
}

using RunsTest = StoreTest;

TEST_F(RunsTest, AreListedNewestFirst) {
  auto older = start("r1", 0), newer = start("r2", 0), other = start("c1", 0);
  newer.at = instant(5);
  newer.prefix = "elsewhere/";
  other.export_name = "customers";
  other.at = instant(9);
  for (const auto& update : {older, newer, other}) must(update);
  EXPECT_EQ(store_->runs({})->front().run_id, "c1");
  const auto latest = store_->runs({.export_name = "orders", .limit = 1});
  ASSERT_EQ(latest->size(), 1U);
  EXPECT_EQ(latest->front().run_id, "r2");
}

using ProgressionTest = StoreTest;

TEST_F(ProgressionTest, IsReadBackByExport) {
  EXPECT_THAT(*store_->progression({}), IsEmpty());
  sealed("r1", false, std::nullopt, "chunked");
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(20)});
  const auto rows = store_->progression({.export_name = "orders"});
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 1U);
  const auto& row = rows->front();
  EXPECT_EQ(row.export_name, "orders");
  EXPECT_EQ(row.verified.has_value(), false);
  ASSERT_TRUE(row.committed.has_value());
  EXPECT_EQ(row.committed->strategy, "chunked");
  EXPECT_EQ(row.committed->cursor, std::nullopt);
  EXPECT_EQ(row.committed->chunk_index, 1);
  EXPECT_EQ(row.committed->run_id, "r1");
  EXPECT_EQ(row.committed->at, instant(20));
  EXPECT_THAT(*store_->progression({.export_name = "customers"}), IsEmpty());
}

TEST_F(ProgressionTest, WhatWasVerifiedNeverLiesAboveWhatIsCommitted) {
  const auto publish = [&](const std::string& id, int unit_count) {
    sealed(id, false, std::nullopt, "chunked", unit_count);
    must(RunPublished{.run_id = id, .columns = {}, .at = instant(20)});
  };
  publish("r1", 9);
  ask("UPDATE export_progression SET last_verified_strategy = 'chunked', last_verified_chunk_index = 8, "
      "last_verified_run_id = 'r1'");
  publish("r2", 9);
  EXPECT_EQ((*store_->progression({}))[0].verified->chunk_index, 8);
  publish("r3", 3);
  EXPECT_EQ((*store_->progression({}))[0].committed->chunk_index, 2);
  EXPECT_FALSE((*store_->progression({}))[0].verified.has_value());
}

}  // namespace
}  // namespace rivet::state
