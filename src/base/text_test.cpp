// SPDX-License-Identifier: Apache-2.0
// Forms of numbers at their borders, and which spelling mistakes are recognised.
#include "base/text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace rivet::base {
namespace {

TEST(HumanBytes, ChangesUnitAtPowersOf1024) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KB");
  EXPECT_EQ(human_bytes(371'302), "362.6 KB");
  EXPECT_EQ(human_bytes(1'048'576), "1.0 MB");
  EXPECT_EQ(human_bytes(std::int64_t{5} << 40), "5.0 TB");
  EXPECT_EQ(human_bytes(std::int64_t{1} << 50), "1024.0 TB");
}

TEST(WithThousands, GroupsByThree) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1'000), "1,000");
  EXPECT_EQ(with_thousands(950'000), "950,000");
  EXPECT_EQ(with_thousands(-999), "-999");
  EXPECT_EQ(with_thousands(-1'234'567), "-1,234,567");
  EXPECT_EQ(with_thousands(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(HumanDuration, ChangesUnitWithLength) {
  EXPECT_EQ(human_duration(0), "0ms");
  EXPECT_EQ(human_duration(999), "999ms");
  EXPECT_EQ(human_duration(3'700), "3.7s");
  EXPECT_EQ(human_duration(125'000), "2m 05s");
  EXPECT_EQ(human_duration(3'599'999), "59m 59s");
  EXPECT_EQ(human_duration(3'720'000), "1h 02m");
}

TEST(HumanCount, HasOneDigitFromAThousandOn) {
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(262'600), "262.6K");
  EXPECT_EQ(human_count(1'000'000), "1.0M");
}

TEST(About, LeavesOutAZeroBehindThePoint) {
  EXPECT_EQ(about(7), "~7");
  EXPECT_EQ(about(950'000), "~950K");
  EXPECT_EQ(about(1'300'000), "~1.3M");
}

TEST(LetterCase, ChangesAsciiLettersOnly) {
  EXPECT_EQ(upper("Az_9 \xC3\xA9"), "AZ_9 \xC3\xA9");
  EXPECT_EQ(lower("Az_9 \xC3\x89"), "az_9 \xC3\x89");
  EXPECT_EQ(upper(""), "");
}

TEST(DidYouMean, OffersTheClosestCandidateThatIsCloseEnough) {
  constexpr std::array<std::string_view, 3> candidates{"orders", "customers", "order_items"};
  EXPECT_EQ(did_you_mean("ordesr", candidates), "orders");
  EXPECT_EQ(did_you_mean("order", candidates), "orders");
  EXPECT_EQ(did_you_mean("custmers", candidates), "customers");
  EXPECT_EQ(did_you_mean("inventory", candidates), std::nullopt);
  EXPECT_EQ(did_you_mean("orders", {}), std::nullopt);
}

TEST(ParseSize, ReadsBinaryUnitsAndFractions) {
  EXPECT_EQ(parse_size("100"), 100);
  EXPECT_EQ(parse_size("512MB"), std::int64_t{512} << 20);
  EXPECT_EQ(parse_size("1.5 gb"), std::int64_t{3} << 29);
  EXPECT_EQ(parse_size("10k"), 10'240);
  EXPECT_EQ(parse_size("0B"), 0);
}

TEST(ParseSize, RefusesWhatIsNoSize) {
  for (const auto* text : {"", "MB", "-1", "1 XB", "1.2.3", "12MBs", "0x10", " 1"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace rivet::base
