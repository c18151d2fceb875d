// SPDX-License-Identifier: Apache-2.0
// Streaming to a pipe or terminal.
#include "destination/stdout/destination.hpp"

#include "destination/posix_file.hpp"

#include <arrow/io/interfaces.h>
#include <fmt/format.h>

#include <atomic>
#include <utility>

namespace rivet::destination {
namespace {

class StreamUpload final : public Upload {
 public:
  StreamUpload(int fd, ObjectKey key, std::atomic<bool>& taken)
      : key_(std::move(key)), writer_(fd, "standard output"), taken_(taken) {}

  ~StreamUpload() override {
    if (!committed_ && writer_.handed_over() == 0) taken_ = false;
  }

  Result<void> write(const void* bytes, std::int64_t size) override { return writer_.write(bytes, size); }

  Result<StoredObject> commit() override {
    TRY(writer_.flush());
    committed_ = true;
    return StoredObject{.key = key_, .size_bytes = writer_.size()};
  }

 private:
  ObjectKey key_;
  BlockWriter writer_;
  std::atomic<bool>& taken_;
  bool committed_ = false;
};

class StreamDestination final : public Destination {
 public:
  explicit StreamDestination(int fd) : fd_(fd) {}

  Capabilities capabilities() const override { return {.can_list = false, .retry_safe = false}; }

  Result<std::unique_ptr<Upload>> begin(const ObjectKey& key) const override {
    if (!taken_.exchange(true)) return std::make_unique<StreamUpload>(fd_, key, taken_);
    return fail(
        {.kind = ErrorKind::config,
         .message = fmt::format("standard output has already taken one file and cannot take \"{}\" as well", key),
         .hint = "drop max_file_size, export one table at a time, or choose another destination"});
  }

  Result<void> put(const ObjectKey& key, std::string_view) const override { return refuse("keep", key); }
  Result<std::vector<StoredObject>> list() const override { return refuse("list", "its files"); }
  Result<std::optional<std::shared_ptr<arrow::io::RandomAccessFile>>> read(const ObjectKey& key) const override {
    return refuse("read back", key);
  }
  Result<void> move(const ObjectKey& from, const ObjectKey&) const override { return refuse("rename", from); }
  Result<void> sweep(std::string_view) const override { return refuse("clean up", "unfinished files"); }

 private:
  static tl::unexpected<Error> refuse(std::string_view verb, std::string_view what) {
    return fail(
        {.kind = ErrorKind::config,
         .message = fmt::format("standard output cannot {} {}", verb, what),
         .hint = "what goes to standard output is gone: choose another destination for manifests and validation"});
  }

  const int fd_;
  mutable std::atomic<bool> taken_ = false;
};

}  // namespace

std::unique_ptr<Destination> make_stdout_destination(int fd) { return std::make_unique<StreamDestination>(fd); }

}  // namespace rivet::destination
