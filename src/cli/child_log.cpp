// SPDX-License-Identifier: Apache-2.0
// Appending to a file that is made late.
#include "cli/child_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include <fmt/format.h>

namespace rivet::cli {

ChildLog::ChildLog(std::filesystem::path folder, Context& context) : folder_(std::move(folder)), context_(context) {}

ChildLog::~ChildLog() {
  if (fd_ < 0) return;
  ::close(fd_);
  context_.screen.print(fmt::format("warning: what the child processes wrote to stderr is in {}", path_.string()));
}

void ChildLog::open() {
  tried_ = true;
  path_ = folder_ / fmt::format("rivet-child-stderr-{}.log", base::to_run_stamp(context_.clock.now()));
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

void ChildLog::add(const std::string& export_name, std::string_view line) {
  if (!tried_) open();
  const auto text = context_.redactor.clean(fmt::format("{}: {}", export_name, line)) + "\n";
  if (fd_ < 0 || !report::write_descriptor(fd_, text)) context_.screen.print(text);
}

}  // namespace rivet::cli
