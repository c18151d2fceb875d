// SPDX-License-Identifier: Apache-2.0
// Cuts are even, distinct, ascending, and never behind the last key.
#include "source/sqlite/key_sampler.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::source::sqlite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// The cuts of keys 0, 1, .. with as many rows each.
std::vector<std::int64_t> cuts(int parts, const std::vector<std::int64_t>& rows) {
  KeySampler sampler(parts);
  for (std::size_t key = 0; key < rows.size(); ++key) {
    if (sampler.advance(rows[key])) sampler.remember({fmt::format("{}", key)});
  }
  std::vector<std::int64_t> out;
  for (const auto& point : sampler.points()) out.push_back(std::stoll(point.front()));
  return out;
}

std::vector<std::int64_t> ones(std::size_t count) { return std::vector<std::int64_t>(count, 1); }

TEST(SqliteKeySampler, CutsEvenly) {
  EXPECT_THAT(cuts(4, ones(8)), ElementsAre(1, 3, 5));
  EXPECT_THAT(cuts(2, ones(2)), ElementsAre(0));
  EXPECT_THAT(cuts(3, {1, 100, 1, 1, 1}), ElementsAre(1, 2));
}

TEST(SqliteKeySampler, GivesFewerCutsForFewerKeys) {
  EXPECT_THAT(cuts(4, {}), IsEmpty());
  EXPECT_THAT(cuts(4, ones(1)), IsEmpty());
  EXPECT_THAT(cuts(10, ones(3)), ElementsAre(0, 1));
  EXPECT_THAT(cuts(1, ones(100)), IsEmpty());
}

TEST(SqliteKeySampler, StaysEvenOverLongWalks) {
  for (const int parts : {2, 7, 100}) {
    constexpr std::int64_t kRows = 1'000'003;
    const auto points = cuts(parts, ones(kRows));
    ASSERT_EQ(points.size(), static_cast<std::size_t>(parts - 1));
    for (int i = 1; i < parts; ++i) {
      EXPECT_NEAR(static_cast<double>(points[static_cast<std::size_t>(i - 1)]), 1.0 * kRows * i / parts, 1'024);
    }
  }
}

TEST(SqliteKeySampler, CutsIntoManyParts) {
  const auto points = cuts(5'000, ones(300'000));
  EXPECT_EQ(points.size(), 4'999U);
  EXPECT_TRUE(std::is_sorted(points.begin(), points.end(), std::less_equal<>()));
}

}  // namespace
}  // namespace rivet::source::sqlite
