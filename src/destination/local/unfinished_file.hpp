// SPDX-License-Identifier: Apache-2.0
// A file under a dot name that its owner turns into a finished one, or that disappears.
#pragma once

#include "destination/posix_file.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace rivet::destination::local {

/// An unfinished file. It holds a lock while it lives, so that sweeping can tell it from the leavings of a dead
/// process; dropping it removes it. One thread at a time.
class UnfinishedFile {
 public:
  /// Creates `path`, whose folder must exist. Kind conflict when somebody else has it. `shown` is the name in
  /// messages.
  static Result<std::unique_ptr<UnfinishedFile>> create(std::filesystem::path path, std::string shown);
  ~UnfinishedFile();
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

  Result<void> write(const void* bytes, std::int64_t size) { return writer_.write(bytes, size); }
  std::int64_t size() const { return writer_.size(); }

  /// Makes what was written so far durable, still under the unfinished name.
  Result<void> make_durable();
  /// Makes the content durable and the file visible as `target`, which must not exist (kind conflict). After a
  /// failure nothing is visible.
  Result<void> publish_new(const std::filesystem::path& target);
  /// Same, taking the place of `target` in one step.
  Result<void> publish_over(const std::filesystem::path& target);

 private:
  UnfinishedFile(std::filesystem::path path, std::string shown, FileDescriptor file);

  std::filesystem::path path_;
  std::string shown_;
  FileDescriptor file_;
  BlockWriter writer_;
  bool published_ = false;
};

/// Removes an unfinished file unless somebody still writes it. Gone already counts as removed.
Result<void> remove_if_abandoned(const std::filesystem::path& path);

}  // namespace rivet::destination::local
