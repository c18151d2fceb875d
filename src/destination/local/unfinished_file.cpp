// SPDX-License-Identifier: Apache-2.0
// Durable, all-or-nothing files.
#include "destination/local/unfinished_file.hpp"

#include "destination/local/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace rivet::destination::local {

namespace {

/// False when a sweeper found the file before it was locked, and removed it.
bool lock(int fd) {
  ::flock(fd, LOCK_EX);  // where locks are not supported, sweeping falls back to names alone
  struct stat facts {};
  return ::fstat(fd, &facts) != 0 || facts.st_nlink > 0;
}

}  // namespace

Result<std::unique_ptr<UnfinishedFile>> UnfinishedFile::create(std::filesystem::path path, std::string shown) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.is_open() && errno == EEXIST) {
    return fail({.kind = ErrorKind::conflict,
                 .message = fmt::format("\"{}\" is being written by somebody else, or was left behind", path.native()),
                 .hint = "wait for the other process; if there is none, remove the file",
                 .vendor_code = "EEXIST"});
  }
  if (!file.is_open()) return fail(errno_error(errno, "create", shown));
  if (!lock(file.value())) return create(std::move(path), std::move(shown));
  return std::unique_ptr<UnfinishedFile>(new UnfinishedFile(std::move(path), std::move(shown), std::move(file)));
}

UnfinishedFile::UnfinishedFile(std::filesystem::path path, std::string shown, FileDescriptor file)
    : path_(std::move(path)), shown_(std::move(shown)), file_(std::move(file)), writer_(file_.value(), shown_) {}

UnfinishedFile::~UnfinishedFile() {
  if (!published_) ::unlink(path_.c_str());
}

Result<void> UnfinishedFile::make_durable() {
  TRY(writer_.flush());
  if (::fsync(file_.value()) != 0) return fail(errno_error(errno, "make durable", shown_));
  return {};
}

Result<void> UnfinishedFile::publish_new(const std::filesystem::path& target) {
  TRY(make_durable());
  TRY(rename_new(path_, target));
  published_ = true;
  auto synced = sync_folder(target.parent_path());
  if (!synced) ::unlink(target.c_str());  // reported as failed, so it must not count
  return synced;
}

Result<void> UnfinishedFile::publish_over(const std::filesystem::path& target) {
  TRY(make_durable());
  if (::rename(path_.c_str(), target.c_str()) != 0) return fail(errno_error(errno, "replace", shown_));
  published_ = true;
  return sync_folder(target.parent_path());
}

Result<void> remove_if_abandoned(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // The lock is kept while it is removed, so that a writer who is just about to lock it sees what happened.
  if (file.is_open() && ::flock(file.value(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return {};
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail(errno_error(errno, "remove", path.native()));
}

}  // namespace rivet::destination::local
