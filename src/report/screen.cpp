// SPDX-License-Identifier: Apache-2.0
// Cursor movement with the few ECMA-48 sequences that every terminal has: up, and clear to the end.
#include "report/screen.hpp"

#include <cerrno>
#include <unistd.h>

#include <fmt/format.h>

namespace rivet::report {
namespace {

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Screen::Screen(Terminal terminal, const base::Redactor& redactor)
    : Screen(terminal, redactor, [fd = terminal.fd](std::string_view bytes) { write_all(fd, bytes); }) {}

Screen::Screen(Terminal terminal, const base::Redactor& redactor, Sink sink)
    : terminal_(terminal), redactor_(redactor), sink_(std::move(sink)) {}

Screen::~Screen() { clear(); }

void Screen::print(std::string_view text) {
  if (text.empty()) return;
  auto cleaned = redactor_.clean(text);
  if (cleaned.back() != '\n') cleaned += '\n';
  const std::scoped_lock lock(mutex_);
  sink_(erase() + cleaned + live_text());
}

void Screen::show(const std::vector<std::string>& lines) {
  if (!terminal_.interactive) return;
  const int width = terminal_.width() - 1;  // the last column stays free: some terminals wrap on it
  std::vector<std::string> fitted;
  fitted.reserve(lines.size());
  for (const auto& line : lines) fitted.push_back(fit(redactor_.clean(line), width));
  const std::scoped_lock lock(mutex_);
  if (fitted == live_) return;
  const auto gone = erase();
  live_ = std::move(fitted);
  sink_(gone + live_text());
}

std::string Screen::erase() const { return live_.empty() ? "" : fmt::format("\x1b[{}A\r\x1b[J", live_.size()); }

std::string Screen::live_text() const {
  std::string text;
  for (const auto& line : live_) text += line + "\n";
  return text;
}

}  // namespace rivet::report
