// SPDX-License-Identifier: Apache-2.0
// System calls on files, and what their failures mean.
#include "destination/posix_file.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rivet::destination {
namespace {

constexpr std::size_t kBlockBytes = 256 << 10;

struct Meaning {
  ErrorKind kind = ErrorKind::permanent;
  std::string_view code = {};
  std::string_view hint = {};
};

Meaning meaning_of(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return {.code = "RIVET_DESTINATION_FULL",
              .hint = "free space or raise the quota there, or choose another destination, and run again"};
    case EFBIG:
      return {.code = "RIVET_DESTINATION_FULL",
              .hint =
                  "a limit on the size of one file was reached (`ulimit -f` or the file system's own): set "
                  "max_file_size below it"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {.code = "RIVET_DESTINATION_NOT_WRITABLE",
              .hint = "give the user that runs rivet the right to write there, or choose another destination"};
    case ENOTDIR:
      return {.code = "RIVET_DESTINATION_NOT_WRITABLE",
              .hint = "a part of the path is a file where a folder is needed: rename it or choose another destination"};
    case EMFILE:
    case ENFILE: return {.hint = "too many files are open: raise `ulimit -n`"};
    case ESTALE:
    case ETIMEDOUT:
    case EHOSTDOWN:
    case EHOSTUNREACH: return {.kind = ErrorKind::unavailable};
    default: return {};
  }
}

std::string reason_of(int code) {
  if (code == EPIPE) return "the reader closed the pipe";
  const char* text = strerrordesc_np(code);
  return text ? text : fmt::format("error {}", code);
}

/// Waits until a non-blocking descriptor takes bytes again.
void wait_writable(int fd) {
  pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
  ::poll(&entry, 1, -1);
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  close();
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

void FileDescriptor::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Error errno_error(int code, std::string_view doing, std::string_view path) {
  const auto meaning = meaning_of(code);
  const char* name = strerrorname_np(code);
  return {.kind = meaning.kind,
          .message = fmt::format("cannot {} \"{}\": {}", doing, path, reason_of(code)),
          .code = std::string(meaning.code),
          .hint = std::string(meaning.hint),
          .vendor_code = name ? name : std::to_string(code)};
}

BlockWriter::BlockWriter(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

Result<void> BlockWriter::write(const void* bytes, std::int64_t size) {
  const auto* data = static_cast<const char*>(bytes);
  const auto count = static_cast<std::size_t>(size);
  if (failed_) return fail(*failed_);
  if (collected_.size() + count < kBlockBytes) {
    if (collected_.capacity() < kBlockBytes) collected_.reserve(kBlockBytes);
    collected_.append(data, count);
    return {};
  }
  TRY(hand_over_collected());
  return hand_over(data, count);
}

Result<void> BlockWriter::flush() {
  TRY(hand_over_collected());
  collected_.shrink_to_fit();
  return {};
}

Result<void> BlockWriter::hand_over_collected() {
  if (failed_) return fail(*failed_);
  TRY(hand_over(collected_.data(), collected_.size()));
  collected_.clear();
  return {};
}

Result<void> BlockWriter::hand_over(const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto written = ::write(fd_, bytes, size);
    if (written >= 0) {
      bytes += written;
      size -= static_cast<std::size_t>(written);
      handed_over_ += written;
    } else if (errno == EAGAIN) {
      wait_writable(fd_);
    } else if (errno != EINTR) {
      failed_ = failure(errno);
      return fail(*failed_);
    }
  }
  return {};
}

Error BlockWriter::failure(int code) const {
  auto error = errno_error(code, "write", name_);
  error.message += fmt::format(" (after {})", base::human_bytes(handed_over_));
  return error;
}

}  // namespace rivet::destination
