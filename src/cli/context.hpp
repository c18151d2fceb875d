// SPDX-License-Identifier: Apache-2.0
// What main hands to every command, and how commands write to stdout.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>

#include <spdlog/logger.h>

#include "base/clock.hpp"
#include "base/redact.hpp"
#include "base/result.hpp"
#include "report/file.hpp"
#include "report/json.hpp"
#include "report/screen.hpp"

namespace rivet::cli {

/// The runtime of one command. Everything outlives it.
struct Context {
  base::Redactor& redactor;
  const base::Clock& clock;
  report::Screen& screen;  ///< stderr
  std::shared_ptr<spdlog::logger> logger;
  std::stop_token stop;  ///< requested by Ctrl-C
  bool told = false;     ///< the command's error was told already; only the exit code is left to say

  /// Writes text to stdout, redacted. Error kind permanent (closed pipe, full disk).
  Result<void> print(std::string_view text) const { return report::write_descriptor(1, redactor.clean(text)); }

  /// Writes an indented JSON document to stdout, its values redacted.
  template <class Json>
  Result<void> print_json(Json document) const {
    return report::write_descriptor(1, report::dump(report::redacted(std::move(document), redactor)));
  }
};

/// What the parsed command line asks for. The kind of its error decides the exit code.
using Action = std::function<Result<void>(Context&)>;

}  // namespace rivet::cli
