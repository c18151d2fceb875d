// SPDX-License-Identifier: Apache-2.0
// Terminal facts from the kernel and the environment; display width after Unicode TR 11, coarsely.
#include "report/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "base/text.hpp"

namespace rivet::report {
namespace {

constexpr int kUnknownWidth = 80;

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 1;
};

// Invalid bytes count as one column each: output must never stop at odd text.
CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (size == 1 || at + size > text.size()) return {lead, 1};
  char32_t value = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) value = (value << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  return {value, size};
}

struct Range {
  char32_t first, last;
};
constexpr std::array<Range, 9> kWide{{{0x1100, 0x115F},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0xA4CF},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0x1F300, 0x1FAFF},
                                      {0x20000, 0x3FFFD}}};

int columns_of(char32_t c) {
  if (c >= 0x300 && c <= 0x36F) return 0;
  for (const auto& range : kWide) {
    if (c >= range.first && c <= range.last) return 2;
  }
  return 1;
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

std::string painted(bool colour, const char* code, std::string_view text) {
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace

int Terminal::width() const {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUnknownWidth;
}

Terminal detect_terminal(int fd) {
  const char* const term = std::getenv("TERM");
  const bool interactive = ::isatty(fd) == 1 && term != nullptr && std::string_view(term) != "dumb";
  return {.fd = fd, .interactive = interactive, .colour = interactive && !is_set("NO_COLOR")};
}

std::string Style::good(std::string_view text) const { return painted(colour, "32", text); }
std::string Style::bad(std::string_view text) const { return painted(colour, "31", text); }
std::string Style::doubt(std::string_view text) const { return painted(colour, "33", text); }
std::string Style::faint(std::string_view text) const { return painted(colour, "2", text); }
std::string Style::strong(std::string_view text) const { return painted(colour, "1", text); }

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = code_point_at(text, at);
    width += columns_of(c.value);
    at += c.size;
  }
  return width;
}

std::string fit(std::string_view text, int width) {
  const bool too_wide = display_width(text) > width;
  const int room = too_wide ? width - 1 : width;
  std::string out;
  int used = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = code_point_at(text, at);
    if (used + columns_of(c.value) > room) break;
    is_control(c.value) ? out += ' ' : out += text.substr(at, c.size);
    used += columns_of(c.value);
    at += c.size;
  }
  return too_wide && width > 0 ? out + "…" : out;
}

std::string pad_right(std::string_view text, int width) {
  auto out = fit(text, width);
  out.append(static_cast<std::size_t>(width - display_width(out)), ' ');
  return out;
}

std::string pad_left(std::string_view text, int width) {
  const int missing = width - display_width(text);
  return std::string(missing > 0 ? static_cast<std::size_t>(missing) : 0, ' ') + std::string(text);
}

std::string human_rate(std::int64_t rows, std::int64_t milliseconds) {
  if (milliseconds <= 0) return "-";
  return base::human_count(static_cast<double>(rows) * 1000 / static_cast<double>(milliseconds)) + " rows/s";
}

}  // namespace rivet::report
