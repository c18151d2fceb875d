// SPDX-License-Identifier: Apache-2.0
// What child processes wrote to stderr: kept in a file, because it would tear the screen of the parent.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "cli/context.hpp"

namespace rivet::cli {

/// `rivet-child-stderr-<time>.log`, made with its first line. Where no file can be made the lines go to the screen.
/// One thread.
class ChildLog {
 public:
  /// `context` must outlive it.
  ChildLog(std::filesystem::path folder, Context& context);
  /// Says where the lines are, when there are any.
  ~ChildLog();
  ChildLog(const ChildLog&) = delete;
  ChildLog& operator=(const ChildLog&) = delete;

  /// Adds a line under the name of its export, redacted.
  void add(const std::string& export_name, std::string_view line);

 private:
  void open();

  const std::filesystem::path folder_;
  Context& context_;
  std::filesystem::path path_;
  int fd_ = -1;
  bool tried_ = false;
};

}  // namespace rivet::cli
