// SPDX-License-Identifier: Apache-2.0
// Objects as files below one folder.
#include "destination/local/destination.hpp"

#include "destination/local/folder.hpp"
#include "destination/local/unfinished_file.hpp"
#include "destination/object_key.hpp"

#include <arrow/io/file.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <random>
#include <system_error>

namespace rivet::destination {
namespace {

namespace fs = std::filesystem;

class LocalUpload final : public Upload {
 public:
  LocalUpload(ObjectKey key, fs::path target, std::unique_ptr<local::UnfinishedFile> file)
      : key_(std::move(key)), target_(std::move(target)), file_(std::move(file)) {}

  Result<void> write(const void* bytes, std::int64_t size) override { return file_->write(bytes, size); }

  Result<void> flush() override { return file_->make_durable(); }

  Result<StoredObject> commit() override {
    TRY(file_->publish_new(target_));
    return StoredObject{.key = key_, .size_bytes = file_->size()};
  }

 private:
  ObjectKey key_;
  fs::path target_;
  std::unique_ptr<local::UnfinishedFile> file_;
};

/// A name that no other writer of the same target uses.
fs::path private_unfinished_path(const fs::path& target) {
  std::random_device random;
  const auto nonce = (std::uint64_t{random()} << 32) | random();
  auto name = target;
  name += fmt::format(".{:016x}", nonce);
  return local::unfinished_path(name);
}

/// Called for every regular file below a folder, with its key. Files that vanish meanwhile are left out.
using Visit = std::function<Result<void>(const fs::directory_entry& file, const std::string& key)>;

bool is_gone(const std::error_code& code) { return code == std::errc::no_such_file_or_directory; }

Result<void> walk(const fs::path& folder, const std::string& key_prefix, const Visit& visit);

Result<void> walk_entry(const fs::directory_entry& entry, const std::string& key_prefix, const Visit& visit) {
  const auto name = entry.path().filename().native();
  std::error_code code;
  const auto type = entry.status(code).type();
  if (type == fs::file_type::regular) return visit(entry, key_prefix + name);
  if (type == fs::file_type::directory && !entry.is_symlink(code) && !name.starts_with('.')) {
    return walk(entry.path(), key_prefix + name + "/", visit);
  }
  return {};
}

Result<void> walk(const fs::path& folder, const std::string& key_prefix, const Visit& visit) {
  std::error_code code;
  for (fs::directory_iterator at(folder, code); !code && at != fs::directory_iterator(); at.increment(code)) {
    TRY(walk_entry(*at, key_prefix, visit));
  }
  if (code && !is_gone(code)) return fail(errno_error(code.value(), "list folder", folder.native()));
  return {};
}

class LocalDestination final : public Destination {
 public:
  explicit LocalDestination(fs::path root) : root_(std::move(root)) {}

  Capabilities capabilities() const override { return {}; }

  Result<std::unique_ptr<Upload>> begin(const ObjectKey& key) const override {
    auto target = TRY(place_for(key));
    auto file = TRY(local::UnfinishedFile::create(local::unfinished_path(target), target.native()));
    return std::make_unique<LocalUpload>(key, std::move(target), std::move(file));
  }

  Result<void> put(const ObjectKey& key, std::string_view bytes) const override {
    const auto target = TRY(place_for(key));
    const auto file = TRY(local::UnfinishedFile::create(private_unfinished_path(target), target.native()));
    TRY(file->write(bytes.data(), static_cast<std::int64_t>(bytes.size())));
    return file->publish_over(target);
  }

  Result<std::vector<StoredObject>> list() const override {
    std::vector<StoredObject> objects;
    TRY(walk(root_, "", [&](const fs::directory_entry& file, const std::string& key) -> Result<void> {
      if (file.path().filename().native().starts_with('.')) return {};
      std::error_code code;
      const auto size = file.file_size(code);
      if (code && !is_gone(code)) return fail(errno_error(code.value(), "inspect", file.path().native()));
      if (!code) objects.push_back({.key = key, .size_bytes = static_cast<std::int64_t>(size)});
      return {};
    }));
    std::sort(objects.begin(), objects.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    return objects;
  }

  Result<std::optional<std::shared_ptr<arrow::io::RandomAccessFile>>> read(const ObjectKey& key) const override {
    TRY(check_key(key));
    const auto path = root_ / key;
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open() && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    if (!file.is_open()) return fail(errno_error(errno, "open", path.native()));
    struct stat facts {};
    if (::fstat(file.value(), &facts) != 0) return fail(errno_error(errno, "inspect", path.native()));
    if (!S_ISREG(facts.st_mode)) return std::nullopt;
    auto opened = arrow::io::ReadableFile::Open(file.release());
    if (!opened.ok()) return fail(ErrorKind::permanent, opened.status().message());
    return std::shared_ptr<arrow::io::RandomAccessFile>(*opened);
  }

  Result<void> move(const ObjectKey& from, const ObjectKey& to) const override {
    TRY(check_key(from));
    const auto source = root_ / from;
    const auto target = TRY(place_for(to));
    TRY(local::rename_new(source, target));
    TRY(local::sync_folder(target.parent_path()));
    if (source.parent_path() == target.parent_path()) return {};
    return local::sync_folder(source.parent_path());
  }

  Result<void> sweep(std::string_view key_prefix) const override {
    return walk(root_, "", [&](const fs::directory_entry& file, const std::string& key) -> Result<void> {
      const auto name = file.path().filename().native();
      const auto finished = local::finished_name(name);
      if (finished.empty()) return {};
      const auto upload_key = key.substr(0, key.size() - name.size()).append(finished);
      if (!upload_key.starts_with(key_prefix)) return {};
      return local::remove_if_abandoned(file.path());
    });
  }

 private:
  /// The path of an object whose folder exists from now on.
  Result<fs::path> place_for(const ObjectKey& key) const {
    TRY(check_key(key));
    auto path = root_ / key;
    TRY(local::make_folders(path.parent_path()));
    return path;
  }

  const fs::path root_;
};

}  // namespace

std::unique_ptr<Destination> make_local_destination(const std::filesystem::path& root) {
  std::error_code code;
  auto absolute = fs::absolute(root, code);
  return std::make_unique<LocalDestination>(code ? root : absolute.lexically_normal());
}

}  // namespace rivet::destination
