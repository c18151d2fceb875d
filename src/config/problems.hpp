// SPDX-License-Identifier: Apache-2.0
// The list of everything that is wrong with a configuration file, reported in one go.
#pragma once

#include "base/redact.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace rivet::config {

/// Stable codes of configuration problems.
namespace code {
inline constexpr std::string_view kNoExports = "RIVET_CONFIG_NO_EXPORTS";
inline constexpr std::string_view kChunkCountInvalid = "RIVET_CONFIG_CHUNK_COUNT_INVALID";
inline constexpr std::string_view kChunkByDaysInvalid = "RIVET_CONFIG_CHUNK_BY_DAYS_INVALID";
inline constexpr std::string_view kDuplicateExport = "RIVET_CONFIG_DUPLICATE_EXPORT";
inline constexpr std::string_view kSourceModeUnsupported = "RIVET_CONFIG_SOURCE_MODE_UNSUPPORTED";
}  // namespace code

/// One thing that is wrong (or only worth a warning). Line 0: the file as a whole.
struct Problem {
  int line = 0;
  std::string message;
  std::string code;

  bool operator==(const Problem&) const = default;
};

/// The text with control characters spelled out.
std::string on_one_line(std::string_view text);

/// Collects problems and warnings of one file. The same problem is kept once, and 500 at
/// most. Not thread safe.
class Problems {
 public:
  /// `file` is how the user calls the file; `redactor` must outlive the list.
  Problems(std::string file, const base::Redactor& redactor) : file_(std::move(file)), redactor_(redactor) {}

  /// Adds an error; `code` is one of the stable codes or empty.
  void add(int line, std::string message, std::string_view code = {});
  /// Adds a warning: the file loads, the user is told.
  void warn(int line, std::string message);

  /// True when there is no error (warnings do not count).
  bool empty() const { return errors_.empty(); }
  /// Everything as one error of kind config, one `file:line: message` a line, ordered by line, without
  /// secrets. REQUIRES: !empty().
  Error to_error() const;
  /// The warnings in the same form, ordered by line.
  std::vector<std::string> warnings() const;
  /// A value as it may stand in a message: without secrets, on one line, cut when long, only
  /// described when very long.
  std::string shown(std::string_view value) const;

 private:
  std::string line_of(const Problem& problem) const;

  std::string file_;
  const base::Redactor& redactor_;
  std::vector<Problem> errors_, warnings_;
};

}  // namespace rivet::config
