// SPDX-License-Identifier: Apache-2.0
// What reaches the terminal, byte by byte, and what never does.
#include "report/screen.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "report/progress_board.hpp"
#include "report/screen_log.hpp"
#include "report/terminal_progress.hpp"
#include "report/testing.hpp"

namespace rivet::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

const Terminal kPipe{.fd = -1};
const Terminal kTerminal{.fd = -1, .interactive = true, .colour = true};  // width: 80

struct Written {
  base::Redactor redactor;
  std::string bytes;
  Screen::Sink sink() {
    return [this](std::string_view text) { bytes += text; };
  }
};

TEST(Screen, RedrawsLiveLinesInPlaceAndLeavesNothingBehind) {
  Written out;
  {
    Screen screen(kTerminal, out.redactor, out.sink());
    screen.show({"a", "b"});
    screen.print("done");
    screen.show({"c"});
  }
  EXPECT_EQ(out.bytes,
            "a\nb\n"
            "\x1b[2A\r\x1b[Jdone\na\nb\n"
            "\x1b[2A\r\x1b[Jc\n"
            "\x1b[1A\r\x1b[J");
}

TEST(Screen, CutsLiveLinesToTheWidthSoThatTheyNeverWrap) {
  Written out;
  Screen screen(kTerminal, out.redactor, out.sink());
  screen.show({std::string(200, 'x') + "\nsecond"});
  EXPECT_EQ(out.bytes, std::string(78, 'x') + "…\n");
}

TEST(Screen, ShowsNoLiveLineWithoutATerminal) {
  Written out;
  Screen screen(kPipe, out.redactor, out.sink());
  screen.show({"a"});
  screen.print("kept");
  EXPECT_EQ(out.bytes, "kept\n");
}

TEST(Screen, RemovesSecretsFromEverything) {
  Written out;
  out.redactor.remember("hunter2");
  Screen screen(kTerminal, out.redactor, out.sink());
  screen.show({"x hunter2"});
  screen.print("y hunter2");
  auto logger = make_screen_logger(spdlog::logger("rivet"), screen);
  logger->error("z hunter2");
  EXPECT_THAT(out.bytes, Not(HasSubstr("hunter2")));
  EXPECT_THAT(out.bytes, HasSubstr("error: z ***\n"));
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("naïve"), 5);
  EXPECT_EQ(display_width("表"), 2);
  EXPECT_EQ(fit("表表表", 4), "表…");
  EXPECT_EQ(fit("a\tb\x1b[31m", 20), "a b [31m");
  EXPECT_EQ(pad_right("é", 3), "é  ");
  EXPECT_EQ(display_width("\xff\xfe"), 2);
}

TEST(HumanRate, IsShort) {
  EXPECT_EQ(human_rate(262'600, 1000), "262.6K rows/s");
  EXPECT_EQ(human_rate(5, 0), "-");
}

class BoardTest : public ::testing::Test {
 protected:
  ProgressBoard::Instant start = ProgressBoard::Instant{} + 1h;
  ProgressBoard board;
};

TEST_F(BoardTest, ShowsRowsRateBytesPercentAndTimeLeft) {
  board.start("orders", 1'000'000, start);
  board.advance("orders", 0, 0, start);
  board.advance("orders", 250'000, 10 << 20, start + 5s);
  EXPECT_THAT(board.live_lines(100, start + 5s),
              ElementsAre("… orders  250,000 rows  50.0K rows/s  10.0 MB  25%  ~15s left  5.0s"));
  EXPECT_THAT(board.plain_lines(start + 5s),
              ElementsAre("orders: 250,000 rows, 50.0K rows/s, 10.0 MB, 25%, ~15s left, 5.0s"));
}

TEST_F(BoardTest, LeavesOutWhatDoesNotFit) {
  board.start("orders", 1'000'000, start);
  board.advance("orders", 0, 0, start);
  board.advance("orders", 250'000, 10 << 20, start + 5s);
  EXPECT_THAT(board.live_lines(30, start + 5s), ElementsAre("… orders  250,000 rows"));
}

TEST_F(BoardTest, PromisesNothingWithoutAnEstimateOrBeyondIt) {
  board.start("a", std::nullopt, start);
  board.start("b", 10, start);
  board.advance("a", 0, 0, start);
  board.advance("b", 0, 0, start);
  board.advance("a", 20, 0, start + 1s);
  board.advance("b", 20, 0, start + 1s);
  EXPECT_THAT(board.live_lines(100, start + 1s),
              ElementsAre("… a  20 rows  20 rows/s  1.0s", "… b  20 rows  20 rows/s  1.0s"));
}

TEST_F(BoardTest, RateForgetsTheHeadStartOfATakenOverRun) {
  board.start("orders", std::nullopt, start);
  board.advance("orders", 900'000, 0, start);
  board.advance("orders", 901'000, 0, start + 1s);
  EXPECT_THAT(board.live_lines(100, start + 1s), ElementsAre("… orders  901,000 rows  1.0K rows/s  1.0s"));
}

TEST_F(BoardTest, PreparesUntilTheFirstRowsAndThenKeepsItsAge) {
  board.start("orders", std::nullopt, start);
  EXPECT_THAT(board.live_lines(100, start + 2s), ElementsAre("… orders  preparing  2.0s"));
  board.start("orders", 100, start + 2s);
  board.advance("orders", 50, 0, start + 3s);
  EXPECT_THAT(board.live_lines(100, start + 3s), ElementsAre("… orders  50 rows  50%  3.0s"));
}

TEST_F(BoardTest, ShowsALineForEachExportUpToWhatATerminalHolds) {
  for (int i = 0; i < 20; ++i) board.start(fmt::format("e{}", i), std::nullopt, start);
  const auto lines = board.live_lines(100, start);
  ASSERT_EQ(lines.size(), 17);
  EXPECT_EQ(lines.front(), "… e0  preparing  0ms");
  EXPECT_EQ(lines.back(), "… and 4 more");
  EXPECT_EQ(board.plain_lines(start).size(), 20);
}

TEST_F(BoardTest, ForgetsFinishedExports) {
  board.start("orders", std::nullopt, start);
  board.remove("orders");
  board.advance("orders", 1, 1, start);
  EXPECT_TRUE(board.empty());
}

TEST(TerminalProgress, LeavesACleanTerminalAfterAnExport) {
  Written out;
  {
    Screen screen(kTerminal, out.redactor, out.sink());
    TerminalProgress progress(screen);
    progress.started("orders", 100);
    progress.advanced("orders", 50, 1000);
    progress.note("orders", "connection lost, trying again");
    progress.finished(testing::success());
  }
  EXPECT_THAT(out.bytes, HasSubstr("orders: connection lost, trying again\n"));
  const auto last_erase = out.bytes.rfind("\x1b[J");
  const auto last_live = out.bytes.rfind("… orders");
  EXPECT_TRUE(last_live == std::string::npos || last_erase > last_live) << out.bytes;
}

TEST(TerminalProgress, SaysNothingBetweenNotesOnAQuickPlainRun) {
  Written out;
  {
    Screen screen(kPipe, out.redactor, out.sink());
    TerminalProgress progress(screen);
    progress.started("orders", 100);
    progress.advanced("orders", 50, 1000);
    progress.finished(testing::success());
  }
  EXPECT_EQ(out.bytes, "");
}

}  // namespace
}  // namespace rivet::report
