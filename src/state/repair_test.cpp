// SPDX-License-Identifier: Apache-2.0
// Runs whose units replace units of other runs.
#include <gmock/gmock.h>

#include "state/store_fixture.hpp"

namespace rivet::state {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RepairTest : public StoreTest {
 protected:
  void complete(const std::string& run_id, int units) {
    for (int i = 0; i < units; ++i) must(commit(run_id, must_claim(run_id)));
  }

  void published(const RunStarted& run, bool append, int seconds) {
    must(run);
    complete(run.run_id, static_cast<int>(run.units.size()));
    must(RunSealed{.run_id = run.run_id, .owner = kMe, .append = append, .at = instant(seconds)});
    must(RunPublished{.run_id = run.run_id, .columns = {}, .at = instant(seconds + 1)});
  }

  /// A run that replaces one unit.
  static RunStarted repair_of(const std::string& run_id, const std::string& replaced, int index) {
    auto repair = start(run_id, 1);
    repair.units.front().replaces = model::Replacement{.units = {{replaced, index}}, .number = index};
    return repair;
  }

  std::vector<std::string> live() {
    std::vector<std::string> out;
    for (const auto& unit : store_->live_units("orders", "out/").value_or(std::vector<LiveUnit>())) {
      out.push_back(unit.run_id + ":" + std::to_string(unit.view.unit.index) + "#" + std::to_string(unit.view.number));
    }
    return out;
  }

  std::vector<std::string> live_parts() {
    std::vector<std::string> out;
    for (const auto& file : store_->live_parts("orders", "out/").value_or(std::vector<FileView>())) {
      out.push_back(file.part.run_id + ":" + std::to_string(file.part.unit_index));
    }
    return out;
  }

  std::vector<std::string> superseded() {
    std::vector<std::string> out;
    for (const auto& file : store_->superseded_parts("orders", "out/").value_or(std::vector<FileView>())) {
      out.push_back(file.part.run_id + ":" + std::to_string(file.part.unit_index));
    }
    return out;
  }
};

TEST_F(RepairTest, ReplacesItsUnitsAndLeavesTheOthers) {
  published(start("r1", 3), false, 10);
  published(repair_of("r2", "r1", 1), true, 20);
  EXPECT_THAT(live(), ElementsAre("r1:0#0", "r1:2#2", "r2:0#1"));
  EXPECT_THAT(live_parts(), ElementsAre("r1:0", "r1:2", "r2:0"));
  EXPECT_THAT(superseded(), ElementsAre("r1:1"));
  EXPECT_EQ(*store_->generation("orders", "out/"), 2);
}

TEST_F(RepairTest, OfARepairKeepsTheNumber) {
  published(start("r1", 3), false, 10);
  published(repair_of("r2", "r1", 1), true, 20);
  auto again = repair_of("r3", "r2", 0);
  again.units.front().replaces->number = 1;
  published(again, true, 30);
  EXPECT_THAT(live(), ElementsAre("r1:0#0", "r1:2#2", "r3:0#1"));
  EXPECT_THAT(superseded(), ElementsAre("r1:1", "r2:0"));
}

TEST_F(RepairTest, CountsForNothingBeforeItsSeal) {
  published(start("r1", 2), false, 10);
  must(repair_of("r2", "r1", 0));
  complete("r2", 1);
  EXPECT_THAT(live(), ElementsAre("r1:0#0", "r1:1#1"));
  EXPECT_THAT(live_parts(), ElementsAre("r1:0", "r1:1"));
}

TEST_F(RepairTest, LeavesPositionProgressionAndBaselineAlone) {
  must(start("r1", 2));
  complete("r1", 2);
  must(RunSealed{.run_id = "r1", .owner = kMe, .position = at_cursor("7"), .at = instant(10)});
  must(RunPublished{.run_id = "r1", .columns = {}, .shapes = {{"note", 5}}, .at = instant(11)});
  const auto before = store_->progression({}).value();
  published(repair_of("r2", "r1", 0), true, 20);
  EXPECT_EQ(store_->position("orders").value(), at_cursor("7"));
  EXPECT_EQ(store_->progression({}).value().front().committed->run_id, before.front().committed->run_id);
  EXPECT_EQ(store_->shapes("orders").value().at("note"), 5);
}

TEST_F(RepairTest, OfUnitsThatCountNoMoreIsRefused) {
  published(start("r1", 2), false, 10);
  must(repair_of("r2", "r1", 0));
  complete("r2", 1);
  must(RunEnded{.run_id = "r2", .owner = kMe, .status = "failed", .error = "x", .at = instant(15)});
  published(start("r3", 2), false, 20);
  EXPECT_THAT(live(), ElementsAre("r3:0#0", "r3:1#1"));
  const auto error = refused(repair_of("r4", "r1", 0));
  EXPECT_EQ(error.kind, ErrorKind::conflict);
  EXPECT_THAT(error.message, HasSubstr("not part of the current output"));
  EXPECT_EQ(refused(repair_of("r4", "r2", 0)).kind, ErrorKind::conflict);
  EXPECT_EQ(refused(repair_of("r4", "r9", 0)).kind, ErrorKind::conflict);
}

TEST_F(RepairTest, AWholeNewResultReplacesRepairsToo) {
  published(start("r1", 2), false, 10);
  published(repair_of("r2", "r1", 0), true, 20);
  published(start("r3", 2), false, 30);
  EXPECT_THAT(live(), ElementsAre("r3:0#0", "r3:1#1"));
  EXPECT_THAT(superseded(), IsEmpty());
}

TEST_F(RepairTest, RowsAreRememberedWhereThoseOfTheReplacedUnitWere) {
  must(start("r1", 2));
  for (int i = 0; i < 2; ++i) {
    auto update = commit("r1", must_claim("r1"));
    if (i == 0) update.recent = RecentKeys{.after = R"(["5"])", .of_null = false, .digests = std::string(32, 'a')};
    must(update);
  }
  must(RunSealed{.run_id = "r1", .owner = kMe, .position = at_cursor("7"), .recent_limit = 9, .at = instant(10)});
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(11)});
  auto repair = repair_of("r2", "r1", 0);
  repair.units.push_back(
      {.index = 1, .predicate = {}, .replaces = model::Replacement{.units = {{"r1", 1}}, .number = 1}});
  must(repair);
  for (int i = 0; i < 2; ++i) {
    auto update = commit("r2", must_claim("r2"));
    update.recent = RecentKeys{.after = {}, .of_null = false, .digests = std::string(16, 'b')};
    must(update);
  }
  must(RunSealed{.run_id = "r2", .owner = kMe, .append = true, .at = instant(20)});
  must(RunPublished{.run_id = "r2", .columns = {}, .at = instant(21)});
  const auto groups = store_->recent_keys("orders").value();
  ASSERT_EQ(groups.size(), 1u) << "the second unit had not been remembered";
  EXPECT_EQ(groups.front().run_id, "r2");
  EXPECT_EQ(groups.front().after, R"(["5"])");
  EXPECT_EQ(groups.front().digests, std::string(16, 'b'));
}

TEST_F(RepairTest, VerifyingBringsTheBoundaryUpUnlessAnotherGenerationStands) {
  published(start("r1", 3), false, 10);
  EXPECT_FALSE(store_->progression({}).value().front().verified);
  must(ProgressionVerified{.export_name = "orders", .prefix = "out/", .generation = 1, .at = instant(15)});
  const auto row = store_->progression({}).value().front();
  ASSERT_TRUE(row.verified);
  EXPECT_EQ(row.verified->chunk_index, row.committed->chunk_index);
  EXPECT_EQ(row.verified->run_id, "r1");
  published(repair_of("r2", "r1", 1), true, 20);
  const auto error =
      refused(ProgressionVerified{.export_name = "orders", .prefix = "out/", .generation = 1, .at = instant(25)});
  EXPECT_EQ(error.kind, ErrorKind::conflict);
}

}  // namespace
}  // namespace rivet::state
