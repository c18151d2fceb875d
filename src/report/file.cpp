// SPDX-License-Identifier: Apache-2.0
// Temporary file in the same folder, fsync, rename.
#include "report/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/fault_point.hpp"

namespace rivet::report {
namespace {

tl::unexpected<Error> system_failure(std::string message) {
  const int number = errno;
  return fail(Error{.kind = ErrorKind::permanent,
                    .message = fmt::format("{}: {}", message, std::strerror(number)),
                    .vendor_code = fmt::format("errno {}", number)});
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Who may read it, before there is anything to read. Only root may give a file away: else it is the caller's.
Result<void> make_alike(int fd, const struct stat& model, const std::filesystem::path& path) {
  const bool given = ::fchown(fd, model.st_uid, model.st_gid) == 0;
  const auto mode = given ? model.st_mode & 07777 : model.st_mode & 0777;
  if (::fchmod(fd, mode) == 0) return {};
  return system_failure(fmt::format("cannot give {} the mode of the file it replaces", path.string()));
}

/// `model` has the owner and mode to take over; nothing for those of a new file.
Result<void> fill(const std::filesystem::path& path, std::string_view text, const struct stat* model) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, model != nullptr ? 0600 : 0644);
  if (fd < 0) return system_failure(fmt::format("cannot create {}", path.string()));
  auto written = model != nullptr ? make_alike(fd, *model, path) : Result<void>{};
  if (written) written = write_descriptor(fd, text);
  if (written && ::fsync(fd) != 0) written = system_failure(fmt::format("cannot make {} durable", path.string()));
  ::close(fd);
  return std::move(written).context(fmt::format("writing {}", path.string()));
}

}  // namespace

Result<void> write_descriptor(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("cannot write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

namespace {

Result<void> put(const std::filesystem::path& path, std::string_view text, const struct stat* model) {
  const auto temporary = folder_of(path) / fmt::format(".{}.{}.tmp", path.filename().string(), ::getpid());
  auto written = fill(temporary, text, model);
  if (written) base::fault_point("file_written");
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = system_failure(fmt::format("cannot replace {}", path.string()));
  }
  if (!written) ::unlink(temporary.c_str());
  return written;
}

}  // namespace

Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
  std::error_code failed;
  std::filesystem::create_directories(folder_of(path), failed);
  return put(path, text, nullptr);
}

Result<void> rewrite_file(const std::filesystem::path& path, std::string_view text) {
  struct stat model {};
  if (::stat(path.c_str(), &model) != 0) return system_failure(fmt::format("cannot look at {}", path.string()));
  return put(path, text, &model);
}

Result<void> require_writable(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) {
    return fail(ErrorKind::config, fmt::format("{} is a folder, not a file", path.string()));
  }
  auto folder = std::filesystem::absolute(path, failed).parent_path();
  while (folder.has_relative_path() && !std::filesystem::exists(folder, failed)) folder = folder.parent_path();
  if (std::filesystem::is_directory(folder, failed) && ::access(folder.c_str(), W_OK) == 0) return {};
  return fail(ErrorKind::config,
              fmt::format("{} cannot be written: no write access to {}", path.string(), folder.string()),
              "name a file in a folder that you may write to");
}

}  // namespace rivet::report
