// SPDX-License-Identifier: Apache-2.0
// From a YAML file to a Config, with every problem of the file reported at once.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/redact.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

namespace rivet::config {

/// What loading may look at besides the file. `environment` returns nothing for an unset variable.
struct LoadOptions {
  std::map<std::string, std::string> params;  ///< `-p key=value`, wins over the environment
  std::function<std::optional<std::string>(std::string_view)> environment;
};

/// Reads, substitutes, parses and validates. The error (kind config) lists every problem as
/// `file:line: message`, one a line; its code is that of the first problem that has one.
/// Passwords and other secrets are given to `redactor` before anything else can see them.
Result<Config> load(const std::filesystem::path& file, const LoadOptions& options, base::Redactor& redactor);

/// Fills `{date}` (UTC day of `at`), `{export}` and `{table}` in a path or prefix. The only place that does.
std::string expand_placeholders(std::string_view text, const Export& entry, base::Timestamp at);

}  // namespace rivet::config
