// SPDX-License-Identifier: Apache-2.0
// Digest sums commute and associate, and their text form round-trips.
#include "model/digest.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace rivet::model {
namespace {

constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();

TEST(Digest, TextIsReadBack) {
  for (const auto& digest : {Digest{}, Digest{.rows = 3, .low = 1, .high = 2, .columns = {}},
                             Digest{.rows = kMax, .low = kMax, .high = kMax, .columns = {0, kMax, 7}}}) {
    const auto parsed = parse_digest(to_string(digest));
    ASSERT_TRUE(parsed.has_value()) << to_string(digest);
    EXPECT_EQ(*parsed, digest);
  }
}

TEST(Digest, TextHasItsDocumentedForm) {
  EXPECT_EQ(to_string(Digest{.rows = 12, .low = 0xab, .high = 1, .columns = {255}}),
            "v1:12:000000000000000100000000000000ab:00000000000000ff");
}

TEST(Digest, MalformedTextIsRefused) {
  for (const auto* text : {"", "v1", "v1:", "v1:1", "v1:1:00", "v2:1:00000000000000000000000000000000",
                           "v1:-1:00000000000000000000000000000000", "v1:x:00000000000000000000000000000000",
                           "v1:1:0000000000000000000000000000000g",
                           "v1:1:00000000000000000000000000000000:", "v1:1:00000000000000000000000000000000:ff",
                           "v1:18446744073709551616:00000000000000000000000000000000"}) {
    const auto parsed = parse_digest(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::data);
  }
}

TEST(Digest, SumsWrapAndCanBeTakenAwayAgain) {
  const Digest a{.rows = 1, .low = kMax, .high = 5, .columns = {kMax, 1}},
      b{.rows = 2, .low = 2, .high = kMax, .columns = {3, 4}};
  Digest sum;
  sum += a;
  sum += b;
  EXPECT_EQ(sum, (Digest{.rows = 3, .low = 1, .high = 4, .columns = {2, 5}}));
  sum -= b;
  EXPECT_EQ(sum, a);
}

TEST(Digest, MergesOnlyWithTheSameColumns) {
  const Digest none, two{.columns = {1, 2}}, three{.columns = {1, 2, 3}};
  EXPECT_TRUE(mergeable(none, two));
  EXPECT_TRUE(mergeable(two, none));
  EXPECT_TRUE(mergeable(two, two));
  EXPECT_FALSE(mergeable(two, three));
}

TEST(Digest, NoColumnsStandForColumnsOfZeros) {
  EXPECT_TRUE(same_value(Digest{}, Digest{.columns = {0, 0}}));
  EXPECT_FALSE(same_value(Digest{}, Digest{.columns = {0, 1}}));
  EXPECT_FALSE(same_value(Digest{.rows = 1}, Digest{}));
  EXPECT_FALSE(same_value(Digest{.columns = {0}}, Digest{.columns = {0, 0}}));
}

}  // namespace
}  // namespace rivet::model
