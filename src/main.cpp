// SPDX-License-Identifier: Apache-2.0
// Builds what lives as long as the process and hands it to the command line.
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/redact.hpp"
#include "cli/app.hpp"
#include "cli/signals.hpp"
#include "report/screen.hpp"
#include "report/screen_log.hpp"
#include "report/terminal.hpp"

int main(int argc, char** argv) {
  const rivet::cli::SignalWatcher signals;
  rivet::base::Redactor redactor;
  const rivet::base::SystemClock clock;
  rivet::report::Screen screen(rivet::report::detect_terminal(2), redactor);
  const auto logger = rivet::report::make_screen_logger(*rivet::base::make_logger(redactor), screen);
  rivet::cli::Context context{
      .redactor = redactor, .clock = clock, .screen = screen, .logger = logger, .stop = signals.token()};
  return rivet::cli::run_command_line(argc, argv, context);
}
