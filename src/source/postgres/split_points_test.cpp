// SPDX-License-Identifier: Apache-2.0
// How points are chosen, and the statement that walks an index.
#include "source/postgres/split_points.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::source::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Quoting kQuoting{.identifier = [](std::string_view name) { return std::string(name); },
                       .literal = [](std::string_view text) { return std::string(text); }};

TEST(EvenlySpaced, MakesEqualGaps) {
  EXPECT_THAT(evenly_spaced(9, 2), ElementsAre(4));
  EXPECT_THAT(evenly_spaced(11, 4), ElementsAre(2, 5, 8));
  EXPECT_THAT(evenly_spaced(3, 4), ElementsAre(0, 1, 2));
}

TEST(EvenlySpaced, TakesAllWhenThereAreTooFew) {
  EXPECT_THAT(evenly_spaced(2, 100), ElementsAre(0, 1));
  EXPECT_THAT(evenly_spaced(0, 8), IsEmpty());
}

TEST(EvenlySpaced, IsAscendingAndInRangeForEveryCount) {
  for (std::size_t points = 0; points < 60; ++points) {
    for (int parts = 1; parts < 60; ++parts) {
      const auto chosen = evenly_spaced(points, parts);
      ASSERT_EQ(chosen.size(), std::min(points, static_cast<std::size_t>(parts - 1)));
      for (std::size_t i = 0; i < chosen.size(); ++i) {
        ASSERT_LT(chosen[i], points);
        ASSERT_TRUE(i == 0 || chosen[i - 1] < chosen[i]);
      }
    }
  }
}

TEST(WalkStatement, ContinuesBehindTheLastKeyWithoutCountingOrOrderingTheTable) {
  const model::Relation table{.table = "t"};
  std::vector<Field> columns(2);
  columns[0].name = "a";
  columns[1].name = "b";
  const RowSource rows{.item = "t AS _rivet", .condition = ""};
  const model::KeyColumns key({"a", "b"});
  EXPECT_EQ(
      *walk_statement(kQuoting, {.relation = table, .rows = rows, .key = key, .columns = columns, .parts = 4}, 100,
                      512),
      "WITH RECURSIVE walk AS ("
      "(SELECT _rivet.a AS k1, _rivet.b AS k2 FROM t AS _rivet WHERE _rivet.a IS NOT NULL AND _rivet.b IS NOT NULL "
      "ORDER BY _rivet.a, _rivet.b OFFSET 99 LIMIT 1) "
      "UNION ALL SELECT p.k1, p.k2 FROM walk CROSS JOIN LATERAL "
      "(SELECT _rivet.a AS k1, _rivet.b AS k2 FROM t AS _rivet WHERE _rivet.a IS NOT NULL AND _rivet.b IS NOT NULL "
      "AND (_rivet.a, _rivet.b) > (walk.k1, walk.k2) ORDER BY _rivet.a, _rivet.b OFFSET 99 LIMIT 1) AS p) "
      "SELECT p.k1::text, p.k2::text FROM walk AS p LIMIT 512");
}

}  // namespace
}  // namespace rivet::source::postgres
