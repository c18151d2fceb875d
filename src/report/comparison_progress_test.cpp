// SPDX-License-Identifier: Apache-2.0
// What people see of a comparison, and that a log sees none of it.
#include "report/comparison_progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::report {
namespace {

using model::UnitMatch;
using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string written_to(const Terminal& terminal) {
  std::string bytes;
  const base::Redactor redactor;
  {
    Screen screen(terminal, redactor, [&](std::string_view text) { bytes += text; });
    ComparisonProgress progress(screen);
    progress.started("orders");
    progress.compared(UnitMatch::mismatch, 1, 4);
    progress.compared(UnitMatch::match, 2, 4);
    progress.compared(UnitMatch::unknown, 3, 4);
    progress.compared(UnitMatch::mismatch, 4, 4);
    progress.started("others");
    progress.compared(UnitMatch::match, 1, 1);
  }
  return bytes;
}

TEST(ComparisonProgress, CountsUnitsAndWhatDiffers) {
  const auto bytes = written_to({.fd = -1, .interactive = true});
  EXPECT_THAT(bytes, HasSubstr("… orders  preparing\n"));
  EXPECT_THAT(bytes, HasSubstr("… orders  1 of 4 units  1 differs\n"));
  EXPECT_THAT(bytes, HasSubstr("… orders  4 of 4 units  2 differ  1 unknown\n"));
  EXPECT_THAT(bytes, EndsWith("… others  1 of 1 unit\n\x1b[1A\r\x1b[J")) << "the next one begins with nothing";
}

TEST(ComparisonProgress, IsNotForLogs) { EXPECT_EQ(written_to({.fd = -1}), ""); }

}  // namespace
}  // namespace rivet::report
