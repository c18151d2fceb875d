// SPDX-License-Identifier: Apache-2.0
// Runs from stage to stage: what is legal, what it changes, and what is refused in which words.
#include <gmock/gmock.h>

#include "state/store_fixture.hpp"

namespace rivet::state {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using RunStartedTest = StoreTest;

TEST_F(RunStartedTest, IsReadBackWithItsUnits) {
  must(start("r1"));
  const auto view = run("r1");
  EXPECT_EQ(view.export_name, "orders");
  EXPECT_EQ(view.prefix, "out/");
  EXPECT_EQ(view.plan_hash, "hash");
  EXPECT_EQ(view.plan_json, R"({"a":1})");
  EXPECT_EQ(view.mode, "chunked");
  EXPECT_EQ(view.nonce, "0a1b2c3d");
  EXPECT_EQ(view.format, "parquet");
  EXPECT_EQ(view.compression, "zstd");
  EXPECT_EQ(view.stage, RunStage::running);
  EXPECT_EQ(view.status, "running");
  EXPECT_EQ(view.owner, kMe);
  EXPECT_EQ(view.started_at, instant(0));
  EXPECT_EQ(view.lease_until, instant(60));
  EXPECT_EQ(view.max_attempts, 2);
  EXPECT_EQ(view.generation, 0);
  EXPECT_FALSE(view.finished_at.has_value());
  ASSERT_EQ(units("r1").size(), 2u);
  EXPECT_EQ(units("r1")[1].unit.start_key, "10");
  EXPECT_EQ(units("r1")[1].unit.reason, "range");
  EXPECT_EQ(units("r1")[1].status, model::UnitStatus::pending);
}

TEST_F(RunStartedTest, ASecondRunOfTheExportAtThePrefixIsRefusedAndSaysWhoIsThere) {
  must(start("r1"));
  const auto error = refused(start("r2"));
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_EQ(error.code, "");
  for (const auto* fact : {"r1", "orders", "running", "2026-11-21 00:20:33 UTC", "2026-11-21 00:21:33 UTC"}) {
    EXPECT_THAT(error.message, HasSubstr(fact));
  }
  EXPECT_THAT(error.message, HasSubstr(kMe));
  EXPECT_FALSE(store_->run("r2")->has_value());
}

TEST_F(RunStartedTest, AnotherPrefixOrExportIsFree) {
  must(start("r1"));
  auto elsewhere = start("r2"), other = start("r3");
  elsewhere.prefix = "other/";
  other.export_name = "customers";
  must(elsewhere);
  must(other);
}

TEST_F(RunStartedTest, ATakenRunIdHasItsOwnCode) {
  must(start("r1"));
  must(RunEnded{.run_id = "r1", .owner = kMe, .status = "failed", .error = "boom", .at = instant(1)});
  const auto error = refused(start("r1"));
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_EQ(error.code, "RIVET_RUN_ID_TAKEN");
  must(start("r2"));
}

TEST_F(RunStartedTest, ASealedRunStillBlocksAPublishedOneDoesNot) {
  sealed("r1");
  EXPECT_EQ(refused(start("r2")).kind, ErrorKind::conflict);
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(11)});
  must(start("r2"));
}

TEST_F(RunStartedTest, AMalformedPlanIsRefusedWhole) {
  auto twice = start("r1");
  twice.units[1].index = 0;
  EXPECT_EQ(refused(twice).kind, ErrorKind::internal);
  auto hopeless = start("r1");
  hopeless.max_attempts = 0;
  EXPECT_EQ(refused(hopeless).kind, ErrorKind::internal);
  EXPECT_FALSE(store_->run("r1")->has_value());
  EXPECT_THAT(units("r1"), IsEmpty());
}

using RunTakenOverTest = StoreTest;

RunTakenOver takeover(const Owner& from = kMe, const Owner& to = kOther, int at = 30) {
  return {.run_id = "r1", .owner = to, .previous_owner = from, .at = instant(at), .lease_until = instant(at + 60)};
}

TEST_F(RunTakenOverTest, RunningUnitsGoBackToPendingAndOldClaimsAreFenced) {
  must(start("r1"));
  const auto done = must_claim("r1");
  must(commit("r1", done));
  const auto stale = must_claim("r1");
  must(takeover());
  EXPECT_EQ(run("r1").owner, kOther);
  EXPECT_EQ(run("r1").lease_until, instant(90));
  EXPECT_EQ(units("r1")[0].status, model::UnitStatus::completed);
  EXPECT_EQ(units("r1")[1].status, model::UnitStatus::pending);
  EXPECT_EQ(refused(commit("r1", stale)).kind, ErrorKind::conflict);
  const auto fresh = must_claim("r1", kOther);
  EXPECT_EQ(fresh.unit.index, stale.unit.index);
  EXPECT_EQ(fresh.epoch, stale.epoch + 1);
  EXPECT_EQ(refused(commit("r1", stale)).kind, ErrorKind::conflict);
  must(commit("r1", fresh, 10, kOther));
}

TEST_F(RunTakenOverTest, LivingJoinedWorkersKeepTheirUnits) {
  must(start("r1"));
  const auto of_holder = must_claim("r1");
  const auto of_worker = must_claim("r1", kWorker);
  must(takeover());
  EXPECT_EQ(units("r1")[0].status, model::UnitStatus::pending);
  EXPECT_EQ(units("r1")[1].status, model::UnitStatus::running);
  must(commit("r1", of_worker, 10, kWorker));
  EXPECT_EQ(refused(commit("r1", of_holder)).kind, ErrorKind::conflict);
}

TEST_F(RunTakenOverTest, UnitsOfWorkersWithoutALeaseGoBackToo) {
  must(start("r1"));
  must_claim("r1", kWorker);
  must(takeover(kMe, kOther, 62));
  EXPECT_EQ(units("r1")[0].status, model::UnitStatus::pending);
}

TEST_F(RunTakenOverTest, OfTwoTakersOneGetsIt) {
  must(start("r1"));
  must(takeover());
  const auto error = refused(takeover(kMe, "host/boot/300/7/cccc"));
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_THAT(error.message, HasSubstr(kOther));
}

TEST_F(RunTakenOverTest, TheHolderItselfMayOnlyAfterItsLease) {
  must(start("r1"));
  EXPECT_EQ(refused(takeover(kMe, kMe)).kind, ErrorKind::conflict);
  must(takeover(kMe, kMe, 61));
}

TEST_F(RunTakenOverTest, ASealedRunCanBeTakenOverAnUnknownOrFinishedOneNot) {
  EXPECT_THAT(refused(takeover()).message, HasSubstr("no run r1"));
  sealed("r1");
  must(takeover());
  EXPECT_EQ(run("r1").stage, RunStage::sealed);
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(11)});
  EXPECT_THAT(refused(takeover(kOther, kMe)).message, HasSubstr("is finished"));
}

using RunSweptTest = StoreTest;

TEST_F(RunSweptTest, AnEndedRunIsRememberedUntilItsFilesAreGone) {
  must(start("r1"));
  EXPECT_EQ(refused(RunSwept{"r1"}).kind, ErrorKind::conflict);
  EXPECT_THAT(*store_->unswept_runs("orders"), IsEmpty());
  must(RunEnded{.run_id = "r1", .owner = kMe, .status = "failed", .error = "", .at = instant(3)});
  ASSERT_EQ(store_->unswept_runs("orders")->size(), 1u);
  EXPECT_EQ(store_->unswept_runs("orders")->front().run_id, "r1");
  EXPECT_THAT(*store_->unswept_runs("others"), IsEmpty());
  must(RunSwept{"r1"});
  EXPECT_THAT(*store_->unswept_runs("orders"), IsEmpty());
}

using UnitsReleasedTest = StoreTest;

TEST_F(UnitsReleasedTest, GivesBackWhatADeadWorkerHeldAndNothingElse) {
  must(start("r1"));
  must_claim("r1");
  const auto of_worker = must_claim("r1", kWorker);
  must(UnitsReleased{.run_id = "r1", .owner = kWorker, .at = instant(5)});
  EXPECT_EQ(units("r1")[0].status, model::UnitStatus::running);
  EXPECT_EQ(units("r1")[1].status, model::UnitStatus::pending);
  EXPECT_EQ(refused(commit("r1", of_worker, 10, kWorker)).kind, ErrorKind::conflict);
  EXPECT_EQ(refused(UnitsReleased{.run_id = "r1", .owner = kMe, .at = instant(5)}).kind, ErrorKind::conflict);
}

using LeaseRenewedTest = StoreTest;

TEST_F(LeaseRenewedTest, KeepsClaimedUnitsFromBeingClaimedAgain) {
  must(start("r1"));
  const auto first = must_claim("r1", kWorker);
  must_claim("r1");
  must(LeaseRenewed{.run_id = "r1", .owner = kWorker, .at = instant(50), .lease_until = instant(110), .joined = true});
  EXPECT_EQ(units("r1")[0].lease_until, instant(110));
  EXPECT_EQ(run("r1").lease_until, instant(60));
  const auto expired = store_->claim("r1", kOther, instant(62), instant(122));
  ASSERT_TRUE(expired.has_value() && expired->has_value());
  EXPECT_EQ((*expired)->unit.index, 1);
  EXPECT_EQ((*expired)->epoch, 2);
  EXPECT_FALSE(store_->claim("r1", kOther, instant(62), instant(122))->has_value());
  must(commit("r1", first, 10, kWorker));
}

TEST_F(LeaseRenewedTest, OnlyTheHolderOfAnUnfinishedRunMay) {
  must(start("r1"));
  must(LeaseRenewed{.run_id = "r1", .owner = kMe, .at = instant(30), .lease_until = instant(90)});
  EXPECT_EQ(run("r1").lease_until, instant(90));
  const LeaseRenewed by_other{.run_id = "r1", .owner = kOther, .at = instant(31), .lease_until = instant(200)};
  EXPECT_EQ(refused(by_other).kind, ErrorKind::conflict);
  EXPECT_EQ(run("r1").lease_until, instant(90));
  must(RunEnded{.run_id = "r1", .owner = kMe, .status = "interrupted", .error = "", .at = instant(32)});
  EXPECT_EQ(refused(LeaseRenewed{.run_id = "r1", .owner = kMe, .at = instant(33), .lease_until = instant(99)}).kind,
            ErrorKind::conflict);
  EXPECT_EQ(refused(LeaseRenewed{.run_id = "nope", .owner = kMe, .at = {}, .lease_until = {}}).kind,
            ErrorKind::conflict);
}

using RunSealedTest = StoreTest;

TEST_F(RunSealedTest, MakesTheNextGenerationOfItsParts) {
  sealed("r1");
  const auto view = run("r1");
  EXPECT_EQ(view.stage, RunStage::sealed);
  EXPECT_EQ(view.status, "running");
  EXPECT_EQ(view.generation, 1);
  EXPECT_EQ(view.sealed_at, instant(10));
  EXPECT_THAT(live_paths(), ElementsAre("r1-0-1.parquet", "r1-1-1.parquet"));
}

TEST_F(RunSealedTest, SupersedesEarlierPartsOfThisExportAndPrefixOnly) {
  sealed("r1");
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(11)});
  auto elsewhere = start("r2");
  elsewhere.prefix = "other/";
  must(elsewhere);
  complete("r2");
  must(RunSealed{.run_id = "r2", .owner = kMe, .append = false, .at = instant(12)});
  EXPECT_EQ(run("r2").generation, 1);
  sealed("r3");
  EXPECT_EQ(run("r3").generation, 2);
  EXPECT_THAT(live_paths(), ElementsAre("r3-0-1.parquet", "r3-1-1.parquet"));
  EXPECT_EQ(live_paths("other/").size(), 2u);
  const auto files = store_->files({.export_name = "orders", .run_id = "r1"});
  ASSERT_TRUE(files.has_value());
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].status, "superseded");
}

TEST_F(RunSealedTest, AppendKeepsEarlierPartsEvenWithNoRows) {
  sealed("r1", true);
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(11)});
  sealed("r2", true);
  must(RunPublished{.run_id = "r2", .columns = {}, .at = instant(12)});
  sealed("r3", true, std::nullopt, "incremental", 0);
  EXPECT_EQ(run("r3").generation, 3);
  EXPECT_TRUE(run("r3").append);
  EXPECT_THAT(live_paths(), ElementsAre("r1-0-1.parquet", "r1-1-1.parquet", "r2-0-1.parquet", "r2-1-1.parquet"));
}

TEST_F(RunSealedTest, IsRefusedWhileAUnitIsIncomplete) {
  must(start("r1", 3));
  must(commit("r1", must_claim("r1")));
  const auto error = refused(RunSealed{.run_id = "r1", .owner = kMe, .append = false, .at = instant(9)});
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_THAT(error.message, HasSubstr("2 units that are not completed, the first is unit 1"));
  EXPECT_THAT(live_paths(), IsEmpty());
}

TEST_F(RunSealedTest, IsRefusedForOthersAndTheSecondTime) {
  must(start("r1", 0));
  EXPECT_EQ(refused(RunSealed{.run_id = "r1", .owner = kOther, .append = false, .at = instant(9)}).kind,
            ErrorKind::conflict);
  must(RunSealed{.run_id = "r1", .owner = kMe, .append = false, .at = instant(9)});
  EXPECT_EQ(refused(RunSealed{.run_id = "r1", .owner = kMe, .append = false, .at = instant(9)}).kind,
            ErrorKind::conflict);
}

using RunPublishedTest = StoreTest;

TEST_F(RunPublishedTest, StoresCursorBaselineAndStatus) {
  sealed("r1", true, "42", "incremental");
  EXPECT_THAT(*store_->exports(), IsEmpty());
  const model::Columns columns{{.name = "id", .native_type = "bigint", .type = {.kind = model::LogicalKind::int64}}};
  must(RunPublished{.run_id = "r1", .columns = columns, .at = instant(20)});
  EXPECT_EQ(run("r1").stage, RunStage::published);
  EXPECT_EQ(run("r1").status, "success");
  EXPECT_EQ(run("r1").finished_at, instant(20));
  const auto exports = store_->exports();
  ASSERT_EQ(exports->size(), 1u);
  EXPECT_EQ((*exports)[0].last_cursor_value, "42");
  EXPECT_EQ((*exports)[0].last_run_at, instant(20));
  EXPECT_EQ(**store_->schema_baseline("orders"), columns);
  EXPECT_FALSE(store_->schema_baseline("customers")->has_value());
}

TEST_F(RunPublishedTest, ShapesKeepTheLongestThereWas) {
  sealed("r1", true, std::nullopt, "full");
  must(RunPublished{.run_id = "r1", .columns = {}, .shapes = {{"name", 40}, {"note", 7}}, .at = instant(20)});
  sealed("r2", false, std::nullopt, "full");
  must(RunPublished{.run_id = "r2", .columns = {}, .shapes = {{"name", 12}, {"note", 9}}, .at = instant(21)});
  const std::map<std::string, std::int64_t> expected{{"name", 40}, {"note", 9}};
  EXPECT_EQ(*store_->shapes("orders"), expected);
  EXPECT_THAT(*store_->shapes("customers"), IsEmpty());
}

TEST_F(RunPublishedTest, WithoutAPositionForgetsTheOneThereWas) {
  sealed("r1", true, "42", "incremental");
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(20)});
  sealed("r2", false, std::nullopt, "full");
  must(RunPublished{.run_id = "r2", .columns = {}, .at = instant(21)});
  EXPECT_FALSE((*store_->exports())[0].last_cursor_value.has_value());
  EXPECT_EQ((*store_->exports())[0].last_run_at, instant(21));
}

TEST_F(RunPublishedTest, IsRefusedBeforeTheSealAndHarmlessTheSecondTime) {
  must(start("r1", 0));
  EXPECT_EQ(refused(RunPublished{.run_id = "r1", .columns = {}, .at = instant(1)}).kind, ErrorKind::conflict);
  must(RunSealed{.run_id = "r1", .owner = kMe, .append = false, .position = at_cursor("1"), .at = instant(2)});
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(3)});
  sealed("r2", true, "2");
  must(RunPublished{.run_id = "r2", .columns = {}, .at = instant(4)});
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(5)});
  EXPECT_EQ((*store_->exports())[0].last_cursor_value, "2");
  EXPECT_EQ((*store_->exports())[0].last_run_at, instant(4));
}

using RunEndedTest = StoreTest;

TEST_F(RunEndedTest, ItsPartsStayOutsideEveryGeneration) {
  must(start("r1"));
  must(commit("r1", must_claim("r1")));
  const auto late = must_claim("r1");
  must(RunEnded{.run_id = "r1", .owner = kMe, .status = "failed", .error = "boom", .at = instant(9)});
  EXPECT_EQ(run("r1").stage, RunStage::ended);
  EXPECT_EQ(run("r1").status, "failed");
  EXPECT_EQ(run("r1").error, "boom");
  EXPECT_EQ(run("r1").finished_at, instant(9));
  EXPECT_EQ(refused(commit("r1", late)).kind, ErrorKind::conflict);
  sealed("r2", true);
  EXPECT_THAT(live_paths(), ElementsAre("r2-0-1.parquet", "r2-1-1.parquet"));
  EXPECT_EQ((*store_->files({.export_name = "", .run_id = "r1"}))[0].status, "abandoned");
}

TEST_F(RunEndedTest, IsRefusedForOthersAfterTheSealAndWithAnotherWord) {
  must(start("r1", 0));
  EXPECT_EQ(refused(RunEnded{.run_id = "r1", .owner = kOther, .status = "failed", .error = "", .at = instant(9)}).kind,
            ErrorKind::conflict);
  EXPECT_EQ(refused(RunEnded{.run_id = "r1", .owner = kMe, .status = "success", .error = "", .at = instant(9)}).kind,
            ErrorKind::internal);
  must(RunSealed{.run_id = "r1", .owner = kMe, .append = false, .at = instant(9)});
  EXPECT_EQ(refused(RunEnded{.run_id = "r1", .owner = kMe, .status = "failed", .error = "", .at = instant(9)}).kind,
            ErrorKind::conflict);
}

TEST_F(RunEndedTest, ASkippedRunLeavesTheExportsStateAlone) {
  must(start("r1", 0));
  must(RunEnded{.run_id = "r1", .owner = kMe, .status = "skipped", .error = "", .at = instant(9)});
  EXPECT_EQ(run("r1").status, "skipped");
  EXPECT_THAT(*store_->exports(), IsEmpty());
}

using UnfinishedRunsTest = StoreTest;

TEST_F(UnfinishedRunsTest, AreListedOldestFirst) {
  auto younger = start("r2"), older = start("r1");
  younger.at = instant(5);
  older.export_name = "customers";
  must(younger);
  must(older);
  const auto all = store_->unfinished_runs("");
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].run_id, "r1");
  EXPECT_EQ(store_->unfinished_runs("orders")->size(), 1u);
  must(RunEnded{.run_id = "r2", .owner = kMe, .status = "failed", .error = "", .at = instant(9)});
  EXPECT_THAT(*store_->unfinished_runs("orders"), IsEmpty());
}

}  // namespace
}  // namespace rivet::state
