// SPDX-License-Identifier: Apache-2.0
// What the other end of stderr can do, and text that fits it: width, colour, display columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rivet::report {

/// Facts about an output stream.
struct Terminal {
  int fd = 2;
  bool interactive = false;  ///< a terminal that understands cursor movement
  bool colour = false;       ///< interactive and the user did not say NO_COLOR

  /// Columns right now; 80 when nobody knows.
  int width() const;
};

/// Looks at the stream and at `NO_COLOR` and `TERM`.
Terminal detect_terminal(int fd);

/// Colours, or nothing at all when off.
struct Style {
  bool colour = false;

  std::string good(std::string_view text) const;    ///< green
  std::string bad(std::string_view text) const;     ///< red
  std::string doubt(std::string_view text) const;   ///< yellow
  std::string faint(std::string_view text) const;   ///< dim
  std::string strong(std::string_view text) const;  ///< bold
};

/// Columns that UTF-8 text takes on a terminal; wide East Asian characters take two.
int display_width(std::string_view text);

/// The text in at most `width` columns, ending in `…` when something was cut. Control characters
/// become spaces, so that a line stays one line.
std::string fit(std::string_view text, int width);

/// `fit` and blanks up to exactly `width` columns.
std::string pad_right(std::string_view text, int width);
/// Blanks in front up to at least `width` columns.
std::string pad_left(std::string_view text, int width);

/// `262.6K rows/s`; `-` when nothing took no time.
std::string human_rate(std::int64_t rows, std::int64_t milliseconds);

}  // namespace rivet::report
