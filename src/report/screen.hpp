// SPDX-License-Identifier: Apache-2.0
// The one writer of stderr: permanent text above a few live lines that are redrawn in place.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/redact.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// Writes to a terminal or a plain stream; every text passes the redactor. Any thread may call it.
/// Write errors are ignored: there is nobody left to tell. Destruction removes the live lines.
class Screen {
 public:
  /// Receives the bytes; the default writes to the terminal's descriptor.
  using Sink = std::function<void(std::string_view)>;

  /// `redactor` must outlive the screen.
  Screen(Terminal terminal, const base::Redactor& redactor);
  Screen(Terminal terminal, const base::Redactor& redactor, Sink sink);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Writes text that stays, above the live lines. A missing final newline is added.
  void print(std::string_view text);
  /// Replaces the live lines, each cut to the terminal's width. Does nothing without a terminal.
  void show(const std::vector<std::string>& lines);
  /// Removes the live lines.
  void clear() { show({}); }

  const Terminal& terminal() const { return terminal_; }
  Style style() const { return {.colour = terminal_.colour}; }

 private:
  std::string erase() const;
  std::string live_text() const;

  const Terminal terminal_;
  const base::Redactor& redactor_;
  const Sink sink_;
  std::mutex mutex_;
  std::vector<std::string> live_;
};

}  // namespace rivet::report
