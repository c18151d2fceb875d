// SPDX-License-Identifier: Apache-2.0
// Writing through a file descriptor: short writes, interruptions and errno in one place.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rivet::destination {

/// Owns a file descriptor and closes it. Negative: none.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { close(); }

  int value() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  /// Gives the descriptor away.
  int release() { return std::exchange(fd_, -1); }
  void close();

 private:
  int fd_ = -1;
};

/// A failed system call as an error: `cannot <doing> "<path>": <reason>`. Kind permanent except for interrupted
/// network file systems (unavailable); code RIVET_DESTINATION_FULL or RIVET_DESTINATION_NOT_WRITABLE where the cause
/// is one of those; the vendor code is errno's name.
Error errno_error(int code, std::string_view doing, std::string_view path);

/// Collects small writes and passes blocks on to a descriptor that it does not own. One thread at a time.
/// After a failure every further call fails with the same error.
class BlockWriter {
 public:
  /// `name` is what messages call the file.
  BlockWriter(int fd, std::string name);

  Result<void> write(const void* bytes, std::int64_t size);
  /// Hands over what is still collected, and gives its memory back.
  Result<void> flush();
  /// Bytes the descriptor has taken.
  std::int64_t handed_over() const { return handed_over_; }
  /// Bytes taken so far, collected ones included.
  std::int64_t size() const { return handed_over_ + static_cast<std::int64_t>(collected_.size()); }

 private:
  Result<void> hand_over_collected();
  Result<void> hand_over(const char* bytes, std::size_t size);
  Error failure(int code) const;

  int fd_;
  std::string name_;
  std::string collected_;
  std::int64_t handed_over_ = 0;
  std::optional<Error> failed_;
};

}  // namespace rivet::destination
