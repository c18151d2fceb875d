// SPDX-License-Identifier: Apache-2.0
// What the readers of the single blocks share while one file is loaded.
#pragma once

#include "base/redact.hpp"
#include "config/load.hpp"
#include "config/problems.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace rivet::config {

/// Borrowed from load(); lives as long as it.
struct Context {
  Problems& problems;
  const LoadOptions& options;
  base::Redactor& redactor;
  std::filesystem::path directory;  ///< absolute, of the configuration file
  bool whole = true;                ///< what is read is a whole file; else names in it may mean what is not there

  /// An environment variable; empty when it is not set.
  std::optional<std::string> variable(std::string_view name) const {
    return options.environment ? options.environment(name) : std::nullopt;
  }
};

inline constexpr std::size_t kFileBytes = 8U << 20U;  ///< of a configuration file

/// The whole of a regular file of at most `limit` bytes. Errors are of kind config and name the file.
Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t limit);

}  // namespace rivet::config
