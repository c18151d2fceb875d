// SPDX-License-Identifier: Apache-2.0
// Cards as people see them, word by word.
#include "report/card.hpp"

#include <gmock/gmock.h>

#include "report/testing.hpp"

namespace rivet::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Style kPlain{.colour = false};
const CardPlaces kPlaces{.config = "pilot.yaml", .state = "/data/.rivet_state.db"};

TEST(RunCard, SaysEverythingAboutASuccess) {
  EXPECT_EQ(run_card(testing::success(), kPlaces, kPlain), R"(
✓ orders: success
  run id:      orders_20261121T002033.716
  mode:        full, postgres to parquet (zstd)
  rows:        950,000
  files:       10
  bytes:       10.5 MB written · 99.5 MB read
  duration:    3.7s
  throughput:  254.1K rows/s
  peak rss:    59 MB
  profile:     balanced (batch size 10000)
  output:      file://./output
  validation:  not requested
  reconcile:   not requested
  verify:      not run (add --validate)
  digest:      v1:950000:00112233445566778899aabbccddeeff
  config:      pilot.yaml
  state:       /data/.rivet_state.db
)");
}

TEST(RunCard, SaysHowToGoOnAfterAFailure) {
  const auto card = run_card(testing::failure(), kPlaces, kPlain);
  EXPECT_THAT(card, HasSubstr("✗ orders: failed\n"));
  EXPECT_THAT(card, HasSubstr("  error:       [RIVET_SOURCE_STATEMENT_TIMEOUT] the server closed the connection\n"));
  EXPECT_THAT(card, HasSubstr("  resume:      rivet run -c pilot.yaml -e orders --resume\n"));
  EXPECT_THAT(card, Not(HasSubstr("verify:")));
}

TEST(RunCard, SaysThatAnInterruptedRunGoesOn) {
  auto run = testing::failure();
  run.status = "interrupted";
  EXPECT_THAT(run_card(run, kPlaces, kPlain), HasSubstr("the next run continues where this one stopped"));
}

TEST(RunCard, ShowsVerdictsInsteadOfTheNudge) {
  auto run = testing::success();
  run.validated = true;
  run.reconciliation = model::journal::ReconciliationResult{.source_count = 950001, .exported_rows = 950000};
  const auto card = run_card(run, kPlaces, kPlain);
  EXPECT_THAT(card, HasSubstr("validation:  passed\n"));
  EXPECT_THAT(card, HasSubstr("reconcile:   mismatch (source 950,001, exported 950,000)\n"));
  EXPECT_THAT(card, Not(HasSubstr("not run")));
}

TEST(RunCard, UsesColourOnlyWhenAsked) {
  EXPECT_THAT(run_card(testing::failure(), kPlaces, kPlain), Not(HasSubstr("\x1b")));
  EXPECT_THAT(run_card(testing::failure(), kPlaces, {.colour = true}), HasSubstr("\x1b[31m✗\x1b[0m"));
}

TEST(RunLine, IsOneLineAndWhatNeedsAttention) {
  EXPECT_EQ(run_line(testing::success(), kPlain),
            "✓ orders            full              950,000 rows   10 files     10.5 MB      3.7s    RSS 59 MB  "
            "orders_20261121T002033.716\n");
  EXPECT_THAT(
      run_line(testing::failure(), kPlain),
      HasSubstr(
          "\n  error:       [RIVET_SOURCE_STATEMENT_TIMEOUT] the server closed the connection\n  next: run again\n"));
}

TEST(TotalsCard, AddsTheExportsUp) {
  EXPECT_EQ(totals_card(testing::aggregate_of({testing::success(), testing::failure()}), kPlaces, kPlain), R"(
════════════════════════════════════════════════════════
  Run summary (2 exports)
════════════════════════════════════════════════════════
  id:          agg_20261121T002101119_77
  status:      1 success · 1 failed
  rows:        1,900,000
  files:       20
  bytes read:  199.0 MB
  bytes writ:  21.1 MB
  duration:    3.7s (wall clock)
  throughput:  513.5K rows/s
  mode:        sequential
  verify:      not run (add --validate)
  config:      pilot.yaml
  state:       /data/.rivet_state.db
)");
}

}  // namespace
}  // namespace rivet::report
