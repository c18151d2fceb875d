// SPDX-License-Identifier: Apache-2.0
// Claims, commits and failures of units, from many threads and several stores.
#include <gmock/gmock.h>

#include <map>
#include <mutex>
#include <thread>

#include "state/store_fixture.hpp"

namespace rivet::state {
namespace {

using testing::HasSubstr;

using ClaimTest = StoreTest;

TEST_F(ClaimTest, GivesUnitsInOrderUntilNoneIsPending) {
  must(start("r1"));
  const auto first = must_claim("r1");
  EXPECT_EQ(first.unit.index, 0);
  EXPECT_EQ(first.unit.end_key, "9");
  EXPECT_EQ(first.epoch, 1);
  EXPECT_EQ(first.attempt, 1);
  EXPECT_EQ(must_claim("r1", kOther).unit.index, 1);
  EXPECT_FALSE(store_->claim("r1", kMe, instant(1), instant(61))->has_value());
  EXPECT_EQ(units("r1")[1].owner, kOther);
  EXPECT_EQ(units("r1")[1].status, model::UnitStatus::running);
}

TEST_F(ClaimTest, OfASealedRunGivesNothingOfAnEndedOrUnknownOneConflicts) {
  sealed("r1");
  EXPECT_FALSE(store_->claim("r1", kMe, instant(1), instant(61))->has_value());
  EXPECT_EQ(store_->claim("nope", kMe, instant(1), instant(61)).error().kind, ErrorKind::conflict);
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(11)});
  must(start("r2"));
  must(RunEnded{.run_id = "r2", .owner = kMe, .status = "failed", .error = "", .at = instant(9)});
  EXPECT_EQ(store_->claim("r2", kMe, instant(1), instant(61)).error().kind, ErrorKind::conflict);
}

/// Every claim of every worker, by unit.
struct Claims {
  std::mutex mutex;
  std::map<int, std::vector<int>> epochs;

  void drain(StateStore& store, const Owner& owner, bool fail_first) {
    for (;;) {
      const auto claim = store.claim("r1", owner, instant(1), instant(61));
      ASSERT_TRUE(claim.has_value()) << claim.error().to_string();
      if (!claim->has_value()) return;
      {
        const std::scoped_lock lock(mutex);
        epochs[(*claim)->unit.index].push_back((*claim)->epoch);
      }
      const bool failing = fail_first && (*claim)->attempt == 1;
      const auto result = failing ? store.apply(UnitFailed{.run_id = "r1",
                                                           .unit_index = (*claim)->unit.index,
                                                           .epoch = (*claim)->epoch,
                                                           .owner = owner,
                                                           .error = "x",
                                                           .final = false,
                                                           .at = instant(2)})
                                  : store.apply(commit("r1", **claim, 10, owner));
      ASSERT_TRUE(result.has_value()) << result.error().to_string();
    }
  }
};

TEST_F(ClaimTest, ManyThreadsOnTwoStoresGetEachUnitOncePerEpoch) {
  constexpr int kUnits = 60;
  must(start("r1", kUnits));
  const auto second = open();
  Claims claims;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 8; ++i) {
      auto& store = i % 2 == 0 ? *store_ : *second;
      workers.emplace_back([&, i] { claims.drain(store, "worker/" + std::to_string(i), true); });
    }
  }
  claims.drain(*store_, kMe, true);  // what failed after the others had found nothing pending
  ASSERT_EQ(claims.epochs.size(), static_cast<std::size_t>(kUnits));
  for (const auto& [unit, epochs] : claims.epochs) EXPECT_THAT(epochs, testing::ElementsAre(1, 2)) << unit;
  for (const auto& unit : units("r1")) EXPECT_EQ(unit.status, model::UnitStatus::completed);
  must(RunSealed{.run_id = "r1", .owner = kMe, .append = false, .at = instant(9)});
  EXPECT_EQ(live_paths().size(), static_cast<std::size_t>(kUnits));
}

using UnitCommittedTest = StoreTest;

TEST_F(UnitCommittedTest, IsReadBackWithItsPartsAndEvidence) {
  must(start("r1"));
  const auto update = commit("r1", must_claim("r1"));
  must(update);
  const auto unit = units("r1")[0];
  EXPECT_EQ(unit.status, model::UnitStatus::completed);
  EXPECT_EQ(unit.rows, 10);
  EXPECT_EQ(unit.digest, update.digest);
  EXPECT_EQ(unit.snapshot, "731:731:");
  EXPECT_EQ(unit.read_at, instant(2));
  EXPECT_EQ(unit.gates_json, "{}");
  EXPECT_EQ(unit.updated_at, instant(4));
  const auto files = store_->files({});
  ASSERT_EQ(files->size(), 1u);
  const auto& part = (*files)[0].part;
  EXPECT_EQ(part.path, "r1-0-1.parquet");
  EXPECT_EQ(part.rows, 10);
  EXPECT_EQ(part.size_bytes, 100);
  EXPECT_EQ(part.epoch, 1);
  EXPECT_EQ(part.content_fingerprint, "xxh3:0123456789abcdef");
  EXPECT_EQ(part.content_md5, "K0/JJFqLM46Ygk10v3f5og==");
  EXPECT_EQ(part.digest, update.parts[0].digest);
  EXPECT_EQ(part.created_at, instant(3));
  EXPECT_EQ((*files)[0].format, "parquet");
  EXPECT_EQ((*files)[0].compression, "zstd");
  EXPECT_EQ((*files)[0].status, "committed");
}

TEST_F(UnitCommittedTest, OfNoRowsNeedsNoPart) {
  must(start("r1"));
  auto update = commit("r1", must_claim("r1"), 0);
  update.parts.clear();
  update.digest = {.columns = {0, 0}};
  must(update);
  EXPECT_EQ(units("r1")[0].digest, update.digest);
}

TEST_F(UnitCommittedTest, OnlyTheCurrentClaimMay) {
  must(start("r1"));
  const auto claim = must_claim("r1");
  auto stale = commit("r1", claim);
  stale.epoch = 0;
  stale.parts[0].epoch = 0;
  EXPECT_EQ(refused(stale).kind, ErrorKind::conflict);
  EXPECT_EQ(refused(commit("r1", claim, 10, kOther)).kind, ErrorKind::conflict);
  EXPECT_EQ(refused(commit("r1", {.unit = {.index = 1, .predicate = {}}, .epoch = 1, .attempt = 1})).kind,
            ErrorKind::conflict);
  EXPECT_EQ(refused(commit("r1", {.unit = {.index = 9, .predicate = {}}, .epoch = 1, .attempt = 1})).kind,
            ErrorKind::conflict);
  EXPECT_EQ(refused(commit("nope", claim)).kind, ErrorKind::conflict);
  must(commit("r1", claim));
  EXPECT_THAT(refused(commit("r1", claim)).message, HasSubstr("the unit is completed in epoch 1"));
  EXPECT_EQ(store_->files({})->size(), 1u);
}

TEST_F(UnitCommittedTest, EvidenceMustAddUp) {
  must(start("r1"));
  const auto good = commit("r1", must_claim("r1"));
  auto rows = good, digest = good, counted = good, foreign = good, columns = good, negative = good;
  rows.rows = 11;
  digest.digest.low = 1;
  counted.digest.rows = counted.parts[0].digest.rows = 9;
  foreign.parts[0].unit_index = 1;
  columns.parts.push_back(columns.parts[0]);
  columns.parts[1].digest.columns = {1};
  negative.parts[0].rows = -10;
  for (const auto& update : {rows, digest, counted, foreign, columns, negative}) {
    EXPECT_EQ(refused(update).kind, ErrorKind::internal);
  }
  must(good);
}

TEST_F(UnitCommittedTest, APathIsAPartOnce) {
  must(start("r1"));
  must(commit("r1", must_claim("r1")));
  auto update = commit("r1", must_claim("r1"));
  update.parts[0].path = "r1-0-1.parquet";
  const auto error = refused(update);
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_THAT(error.message, HasSubstr("r1-0-1.parquet"));
  EXPECT_EQ(units("r1")[1].status, model::UnitStatus::running);
}

using UnitFailedTest = StoreTest;

UnitFailed failure(const UnitClaim& claim, bool final = false) {
  return {.run_id = "r1",
          .unit_index = claim.unit.index,
          .epoch = claim.epoch,
          .owner = kMe,
          .error = "reset by peer",
          .final = final,
          .at = instant(5)};
}

TEST_F(UnitFailedTest, GoesBackWhileAttemptsRemain) {
  must(start("r1", 1));
  must(failure(must_claim("r1")));
  EXPECT_EQ(units("r1")[0].status, model::UnitStatus::pending);
  EXPECT_EQ(units("r1")[0].last_error, "reset by peer");
  EXPECT_EQ(units("r1")[0].owner, "");
  const auto second = must_claim("r1");
  EXPECT_EQ(second.attempt, 2);
  EXPECT_EQ(second.epoch, 2);
  must(failure(second));
  EXPECT_EQ(units("r1")[0].status, model::UnitStatus::failed);
  EXPECT_FALSE(store_->claim("r1", kMe, instant(1), instant(61))->has_value());
}

UnitReopened reopening(int index, const Owner& owner = kMe) {
  return {.run_id = "r1", .unit_index = index, .owner = owner, .reason = "a part is missing", .at = instant(6)};
}

class UnitReopenedTest : public StoreTest {};

TEST_F(UnitReopenedTest, ForgetsItsPartsAndIsClaimedUnderTheNextEpoch) {
  must(start("r1", 1));
  auto update = commit("r1", must_claim("r1"));
  update.unique_hashes = {{"id", "8 bytes!"}};
  must(update);
  must(reopening(0));
  EXPECT_EQ(units("r1")[0].status, model::UnitStatus::pending);
  EXPECT_EQ(units("r1")[0].rows, 0);
  EXPECT_TRUE(store_->files({.run_id = "r1"})->empty());
  EXPECT_TRUE(store_->unique_hashes("r1", "id")->empty());
  const auto again = must_claim("r1");
  EXPECT_EQ(again.epoch, 2);
  must(commit("r1", again));
}

TEST_F(UnitReopenedTest, IsForTheHolderAndForCompletedUnitsOnly) {
  must(start("r1", 2));
  must(commit("r1", must_claim("r1")));
  EXPECT_EQ(refused(reopening(0, "somebody else")).kind, ErrorKind::conflict);
  EXPECT_EQ(refused(reopening(1)).kind, ErrorKind::conflict);
  EXPECT_EQ(refused(reopening(7)).kind, ErrorKind::conflict);
  must(commit("r1", must_claim("r1")));
  must(RunSealed{.run_id = "r1", .owner = kMe, .at = instant(7)});
  EXPECT_EQ(refused(reopening(0)).kind, ErrorKind::conflict) << "the result is decided";
}

/// A run whose two units read the keys 1 to 100 and 101 to 200.
class UnitSplitTest : public StoreTest {
 protected:
  UnitSplitTest() {
    auto update = start("r1", 2);
    for (int i = 0; i < 2; ++i) {
      auto& unit = update.units[static_cast<std::size_t>(i)];
      unit.start_key = std::to_string(i * 100 + 1);
      unit.end_key = std::to_string(i * 100 + 100);
      unit.predicate = {
          .terms = {model::KeyRange{
              .columns = {"id"}, .lower = model::Bound{{unit.start_key}}, .upper = model::Bound{{unit.end_key}}}}};
    }
    must(update);
  }

  static UnitSplit split(int unit, std::int64_t least = 10) {
    return {.run_id = "r1", .unit_index = unit, .least = least, .at = instant(5)};
  }
};

TEST_F(UnitSplitTest, AUnitThatNobodyHasBegunBecomesTwo) {
  const auto before = units("r1");
  must(split(1));
  const auto after = units("r1");
  ASSERT_EQ(after.size(), 3U);
  EXPECT_EQ(after[0].unit.predicate, before[0].unit.predicate);
  const auto halves = model::halves_of(before[1].unit.predicate, 10);
  EXPECT_EQ(after[1].unit.predicate, halves->first);
  EXPECT_EQ(after[2].unit.predicate, halves->second);
  EXPECT_EQ(after[1].unit.end_key, "150");
  EXPECT_EQ(after[2].unit.start_key, "150");
  EXPECT_EQ(after[2].unit.end_key, "200");
  EXPECT_EQ(after[2].number, 2);
  complete("r1");
  must(RunSealed{.run_id = "r1", .owner = kMe, .at = instant(7)});
}

TEST_F(UnitSplitTest, WhatSomebodyHasBegunStaysWhole) {
  must_claim("r1");
  must(split(0));
  must(split(1, 1'000));
  EXPECT_EQ(units("r1").size(), 2U);
  must(commit("r1", must_claim("r1")));
  must(split(1));
  EXPECT_EQ(units("r1").size(), 2U);
}

TEST_F(UnitSplitTest, OnlyInARunningRunOfSeveralUnits) {
  complete("r1");
  must(RunSealed{.run_id = "r1", .owner = kMe, .at = instant(7)});
  EXPECT_EQ(refused(split(0)).kind, ErrorKind::conflict);
  auto alone = start("r2", 1);
  alone.prefix = "elsewhere/";
  must(alone);
  auto update = split(0);
  update.run_id = "r2";
  EXPECT_EQ(refused(update).kind, ErrorKind::conflict);
}

class RunReleasedTest : public StoreTest {};

TEST_F(RunReleasedTest, OthersTakeItOverAtOnceWithItsCompletedUnits) {
  must(start("r1", 2));
  must(commit("r1", must_claim("r1")));
  must_claim("r1");
  must(RunReleased{.run_id = "r1", .owner = kMe, .at = instant(5)});
  EXPECT_EQ(run("r1").lease_until, instant(5));
  EXPECT_EQ(units("r1")[0].status, model::UnitStatus::completed);
  EXPECT_EQ(units("r1")[1].status, model::UnitStatus::pending);
  must(RunTakenOver{
      .run_id = "r1", .owner = kOther, .previous_owner = kMe, .at = instant(6), .lease_until = instant(66)});
  EXPECT_EQ(refused(RunReleased{.run_id = "r1", .owner = kMe, .at = instant(7)}).kind, ErrorKind::conflict);
}

TEST_F(UnitFailedTest, FinallyAtOnceWhenSoSaid) {
  must(start("r1", 1));
  must(failure(must_claim("r1"), true));
  EXPECT_EQ(units("r1")[0].status, model::UnitStatus::failed);
}

TEST_F(UnitFailedTest, OnlyTheCurrentClaimMay) {
  must(start("r1", 1));
  const auto first = must_claim("r1");
  must(failure(first));
  must_claim("r1");
  EXPECT_EQ(refused(failure(first)).kind, ErrorKind::conflict);
}

TEST_F(UnitFailedTest, ASuccessForgetsTheError) {
  must(start("r1", 1));
  must(failure(must_claim("r1")));
  must(commit("r1", must_claim("r1")));
  EXPECT_EQ(units("r1")[0].last_error, "");
  EXPECT_EQ(units("r1")[0].attempts, 2);
}

}  // namespace
}  // namespace rivet::state
