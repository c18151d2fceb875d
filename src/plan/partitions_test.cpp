// SPDX-License-Identifier: Apache-2.0
// Partitions follow the calendar and hold every row once.
#include "plan/partitions.hpp"

#include <gmock/gmock.h>

namespace rivet::plan {
namespace {

using config::PartitionGranularity;
using testing::ElementsAre;
using testing::IsEmpty;

config::Export by(PartitionGranularity granularity) {
  config::Export entry{.name = "t"};
  entry.keys.partition_by = "at";
  entry.keys.partition_granularity = granularity;
  return entry;
}

std::vector<std::string> names(PartitionGranularity granularity, const std::string& first, const std::string& last,
                               bool has_null = false, const std::vector<std::string>& known = {}) {
  const model::KeyExtent extent{.first = model::KeyValues{first}, .last = model::KeyValues{last}, .has_null = has_null};
  std::vector<std::string> out;
  const auto made = make_partitions(by(granularity), extent, known);
  EXPECT_TRUE(made.has_value());
  for (const auto& one : *made) out.push_back(one.name);
  return out;
}

TEST(Partitions, FollowTheCalendar) {
  EXPECT_THAT(names(PartitionGranularity::day, "2024-02-28 23:59:59", "2024-03-01 00:00:00"),
              ElementsAre("t__2024-02-28", "t__2024-02-29", "t__2024-03-01"));
  EXPECT_THAT(names(PartitionGranularity::month, "2023-12-31", "2024-01-01", true),
              ElementsAre("t__2023-12", "t__2024-01", "t____HIVE_DEFAULT_PARTITION__"));
  EXPECT_THAT(names(PartitionGranularity::year, "2022-05-05", "2024-01-01"),
              ElementsAre("t__2022", "t__2023", "t__2024"));
}

TEST(Partitions, AreHalfOpenAndOpenAtTheEndOfTime) {
  const model::KeyExtent extent{.first = model::KeyValues{"9999-12-31"}, .last = model::KeyValues{"9999-12-31"}};
  const auto made = make_partitions(by(PartitionGranularity::month), extent, {});
  ASSERT_EQ(made->size(), 1U);
  const auto& range = std::get<model::KeyRange>(made->front().relation.within.terms.front());
  EXPECT_EQ(range.lower, (model::Bound{{"9999-12-01"}, true}));
  EXPECT_FALSE(range.upper.has_value());
}

TEST(Partitions, ThoseThatHadRowsOnceAreKeptUpToDate) {
  EXPECT_THAT(names(PartitionGranularity::year, "2024-01-01", "2024-01-01", false,
                    {"t", "t__2021", "t__2024", "t__x", "other__2021", "t____HIVE_DEFAULT_PARTITION__"}),
              ElementsAre("t__2024", "t__2021", "t____HIVE_DEFAULT_PARTITION__"));
}

TEST(Partitions, AreFoundAgainByTheirName) {
  const auto found = partition_of(by(PartitionGranularity::month), "t__2024-02");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->partition, "at=2024-02");
  EXPECT_EQ(found->family, "t");
  EXPECT_FALSE(partition_of(by(PartitionGranularity::month), "t__2024-13").has_value());
  EXPECT_FALSE(partition_of(by(PartitionGranularity::day), "t__2024-02").has_value());
}

TEST(Partitions, ARowLessRelationHasNone) {
  EXPECT_THAT(*make_partitions(by(PartitionGranularity::day), {}, {}), IsEmpty());
}

TEST(Partitions, TooManyAreRefused) {
  const model::KeyExtent extent{.first = model::KeyValues{"1900-01-01"}, .last = model::KeyValues{"2024-01-01"}};
  EXPECT_EQ(make_partitions(by(PartitionGranularity::day), extent, {}).error().kind, ErrorKind::config);
}

TEST(Partitions, NeedAColumnWithDays) {
  const auto checked = [](model::LogicalKind kind) {
    model::Inventory inventory;
    inventory.columns = {{.name = "at", .native_type = "some", .type = {.kind = kind}}};
    return check_partition_column(by(PartitionGranularity::day), inventory);
  };
  EXPECT_TRUE(checked(model::LogicalKind::date).has_value());
  EXPECT_EQ(checked(model::LogicalKind::int64).error().kind, ErrorKind::config);
  EXPECT_EQ(check_partition_column(by(PartitionGranularity::day), {}).error().kind, ErrorKind::config);
}

}  // namespace
}  // namespace rivet::plan
