// SPDX-License-Identifier: Apache-2.0
// Folder operations on Linux.
#include "destination/local/folder.hpp"

#include "destination/posix_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace rivet::destination::local {
namespace {

/// Zero, or errno. File systems without RENAME_NOREPLACE (NFS, some FUSE) get a second name instead, which also
/// fails when the target exists.
int rename_noreplace(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::link(from, to) != 0) return errno;
  ::unlink(from);
  return 0;
}

bool is_folder(const std::filesystem::path& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

}  // namespace

std::filesystem::path unfinished_path(const std::filesystem::path& file) {
  return file.parent_path() / fmt::format(".{}{}", file.filename().native(), kUnfinishedSuffix);
}

std::string_view finished_name(std::string_view file_name) {
  if (!file_name.starts_with('.') || !file_name.ends_with(kUnfinishedSuffix)) return {};
  if (file_name.size() <= kUnfinishedSuffix.size()) return {};
  return file_name.substr(1, file_name.size() - 1 - kUnfinishedSuffix.size());
}

Result<void> make_folders(const std::filesystem::path& folder) {
  if (is_folder(folder)) return {};
  const auto parent = folder.parent_path();
  if (parent != folder) TRY(make_folders(parent));
  if (::mkdir(folder.c_str(), 0777) != 0 && !(errno == EEXIST && is_folder(folder))) {
    return fail(errno_error(errno == EEXIST ? ENOTDIR : errno, "create folder", folder.native()));
  }
  return sync_folder(parent);
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open()) return fail(errno_error(errno, "open folder", folder.native()));
  if (::fsync(opened.value()) == 0 || errno == EINVAL) return {};  // EINVAL: the file system has nothing to sync
  return fail(errno_error(errno, "make durable", folder.native()));
}

Result<void> rename_new(const std::filesystem::path& from, const std::filesystem::path& to) {
  const int code = rename_noreplace(from.c_str(), to.c_str());
  if (code == 0) return {};
  if (code != EEXIST) return fail(errno_error(code, fmt::format("rename \"{}\" to", from.native()), to.native()));
  return fail({.kind = ErrorKind::conflict,
               .message = fmt::format("\"{}\" already exists and is kept", to.native()),
               .vendor_code = "EEXIST"});
}

}  // namespace rivet::destination::local
