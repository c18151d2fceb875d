// SPDX-License-Identifier: Apache-2.0
// A report where and how its reader wants it: `--format pretty|json`, `-o FILE`.
#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/context.hpp"
#include "report/terminal.hpp"

namespace rivet::cli {

/// Both forms of one report; only the one that is wanted is made.
struct ReportForms {
  std::function<nlohmann::ordered_json()> json;
  std::function<std::string(const report::Style&)> text;
};

/// Prints the form that `format` names (`json`, anything else is for people) to stdout, or writes it to the file
/// `output` and says so on the screen. Secrets are removed. Errors: permanent (closed pipe, full disk).
Result<void> print_report(const ReportForms& forms, const std::string& format, const std::string& output,
                          const Context& context);

}  // namespace rivet::cli
