// SPDX-License-Identifier: Apache-2.0
// Local files appear whole or not at all, and never outside their prefix.
#include "destination/local/destination.hpp"

#include "destination/test_folder.hpp"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace rivet::destination {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<StoredObject> store(const Destination& destination, const ObjectKey& key, const std::string& bytes) {
  auto upload = TRY(destination.begin(key));
  TRY(upload->write(bytes.data(), static_cast<std::int64_t>(bytes.size())));
  return upload->commit();
}

std::vector<std::string> keys(const Destination& destination) {
  std::vector<std::string> found;
  const auto objects = destination.list().value();
  for (const auto& object : objects) found.push_back(object.key);
  return found;
}

TEST(LocalDestination, CommitsAnObjectUnderItsKey) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path() / "new" / "prefix");
  const auto stored = store(*destination, "part.parquet", "bytes").value();
  EXPECT_EQ(stored.key, "part.parquet");
  EXPECT_EQ(stored.size_bytes, 5);
  EXPECT_EQ(folder.content("new/prefix/part.parquet"), "bytes");
  EXPECT_THAT(folder.names(), ElementsAre("new", "new/prefix", "new/prefix/part.parquet"));
}

TEST(LocalDestination, TakesSmallAndLargeWritesInOrder) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  auto upload = destination->begin("x").value();
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string piece(static_cast<std::size_t>(i * i * 31 % 9'000 + (i % 50 == 0 ? 700'000 : 0)), 'a' + i % 26);
    ASSERT_TRUE(upload->write(piece.data(), static_cast<std::int64_t>(piece.size())).has_value());
    expected += piece;
  }
  EXPECT_EQ(upload->commit().value().size_bytes, static_cast<std::int64_t>(expected.size()));
  EXPECT_EQ(folder.content("x"), expected);
}

TEST(LocalDestination, ShowsNothingBeforeCommit) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  const auto upload = destination->begin("part").value();
  const std::string large(1 << 20, 'x');
  ASSERT_TRUE(upload->write(large.data(), 1 << 20).has_value());
  EXPECT_THAT(folder.names(), ElementsAre(".part.rivet-part"));
  EXPECT_THAT(keys(*destination), IsEmpty());
  EXPECT_EQ(read_text(*destination, "part", 100).value(), std::nullopt);
}

TEST(LocalDestination, LeavesNothingOfADroppedUpload) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  {
    const auto upload = destination->begin("part").value();
    ASSERT_TRUE(upload->write("x", 1).has_value());
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(LocalDestination, KeepsAnExistingObject) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  ASSERT_TRUE(store(*destination, "part", "first").has_value());
  const auto again = store(*destination, "part", "second");
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_THAT(folder.names(), ElementsAre("part"));
  EXPECT_EQ(folder.content("part"), "first");
}

TEST(LocalDestination, RefusesASecondWriterOfOneKey) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  const auto first = destination->begin("part").value();
  const auto second = destination->begin("part");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
}

TEST(LocalDestination, TakesAnyNameAFileMayHave) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path() / "a \"b\" ß\n c");
  const std::vector<std::string> names{"line\nbreak", "quote\"'s", "two words", "日本語", "…/%2e%2e/..x"};
  for (const auto& name : names) ASSERT_TRUE(store(*destination, name, name).has_value()) << name;
  for (const auto& name : names) EXPECT_EQ(read_text(*destination, name, 100).value(), name);
  auto sorted = names;
  std::sort(sorted.begin(), sorted.end());
  std::erase_if(sorted, [](const auto& name) { return name.ends_with("..x"); });  // a hidden name
  EXPECT_EQ(keys(*destination), sorted);
}

TEST(LocalDestination, RefusesKeysThatLeaveThePrefix) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path() / "prefix");
  for (const auto& key : {std::string(""), std::string("/etc/x"), std::string("../x"), std::string("a/../x"),
                          std::string("a//b"), std::string("a/"), std::string("."), std::string("a\0b", 3)}) {
    EXPECT_EQ(destination->begin(key).error().kind, ErrorKind::config) << key;
    EXPECT_EQ(destination->put(key, "x").error().kind, ErrorKind::config) << key;
    EXPECT_EQ(destination->read(key).error().kind, ErrorKind::config) << key;
    EXPECT_EQ(destination->move("a", key).error().kind, ErrorKind::config) << key;
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(LocalDestination, ListsSubFoldersSortedByKey) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  EXPECT_THAT(keys(*make_local_destination(folder.path() / "absent")), IsEmpty());
  for (const auto* key : {"b", "a/z", "a-b", "_quarantine/run/x"}) {
    ASSERT_TRUE(store(*destination, key, "12345").has_value());
  }
  folder.write(".hidden", "x");
  EXPECT_THAT(keys(*destination), ElementsAre("_quarantine/run/x", "a-b", "a/z", "b"));
  EXPECT_EQ(destination->list().value().front().size_bytes, 5);
}

TEST(LocalDestination, ReadsAtAnyOffset) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  ASSERT_TRUE(store(*destination, "x", "0123456789").has_value());
  const auto file = destination->read("x").value().value();
  EXPECT_EQ(file->GetSize().ValueOrDie(), 10);
  EXPECT_EQ(file->ReadAt(4, 3).ValueOrDie()->ToString(), "456");
  EXPECT_EQ(destination->read("x/y").value(), std::nullopt);
}

TEST(LocalDestination, ReadsSmallTextsUpToALimit) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  ASSERT_TRUE(destination->put("marker", "12345").has_value());
  EXPECT_EQ(read_text(*destination, "marker", 5).value(), "12345");
  EXPECT_EQ(read_text(*destination, "marker", 4).error().kind, ErrorKind::data);
  EXPECT_EQ(read_text(*destination, "absent", 4).value(), std::nullopt);
}

TEST(LocalDestination, MovesIntoFoldersThatAreNotThereYet) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  ASSERT_TRUE(store(*destination, "part", "x").has_value());
  ASSERT_TRUE(destination->move("part", "_quarantine/run/part").has_value());
  EXPECT_THAT(keys(*destination), ElementsAre("_quarantine/run/part"));
  EXPECT_EQ(destination->move("absent", "y").error().kind, ErrorKind::permanent);
  ASSERT_TRUE(store(*destination, "other", "y").has_value());
  EXPECT_EQ(destination->move("other", "_quarantine/run/part").error().kind, ErrorKind::conflict);
  EXPECT_EQ(folder.content("_quarantine/run/part"), "x");
}

TEST(LocalDestination, SweepsOnlyLeftoversOfItsPrefix) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  ASSERT_TRUE(store(*destination, "run1-a", "x").has_value());
  std::filesystem::create_directory(folder.path() / "run1-sub");
  for (const auto* name :
       {".run1-b.rivet-part", "run1-sub/.c.rivet-part", ".run2-d.rivet-part", ".run1-e", "run1-f.rivet-part"}) {
    folder.write(name, "left");
  }
  const auto living = destination->begin("run1-g").value();
  ASSERT_TRUE(destination->sweep("run1-").has_value());
  EXPECT_THAT(folder.names(), ElementsAre(".run1-e", ".run1-g.rivet-part", ".run2-d.rivet-part", "run1-a",
                                          "run1-f.rivet-part", "run1-sub"));
  EXPECT_TRUE(living->commit().has_value());
}

TEST(LocalDestination, ReplacesAtomicallyUnderAReader) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  const std::string before(300'000, 'a'), after(200'000, 'b');
  ASSERT_TRUE(destination->put("manifest.json", before).has_value());
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0, torn = 0;
  std::thread reader([&] {
    while (!done) {
      const auto text = read_text(*destination, "manifest.json", 1 << 20);
      if (!text.has_value() || (*text != before && *text != after)) ++torn;
      ++reads;
    }
  });
  for (int i = 0; i < 50 || reads < 50; ++i) {
    ASSERT_TRUE(destination->put("manifest.json", i % 2 == 0 ? after : before).has_value());
  }
  done = true;
  reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_THAT(folder.names(), ElementsAre("manifest.json"));
}

TEST(LocalDestination, SurvivesConcurrentPutsOfOneKey) {
  const TestFolder folder;
  const auto destination = make_local_destination(folder.path());
  std::atomic<int> failures = 0;
  const auto put_many = [&](char letter) {
    for (int i = 0; i < 20; ++i) failures += destination->put("m", std::string(10'000, letter)).has_value() ? 0 : 1;
  };
  std::thread other(put_many, 'x');
  put_many('y');
  other.join();
  EXPECT_EQ(failures, 0);
  const auto text = read_text(*destination, "m", 1 << 20).value().value();
  EXPECT_EQ(text, std::string(10'000, text.front()));
  EXPECT_THAT(folder.names(), ElementsAre("m"));
}

/// A destination with room for less than 4 MB: a small tmpfs where that can be mounted, else a limit on file size.
class TinyDisk {
 public:
  explicit TinyDisk(const std::filesystem::path& path) : path_(path) {
    mounted_ = ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=1m") == 0;
    if (mounted_) return;
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit tight{.rlim_cur = 1 << 20, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  }
  ~TinyDisk() {
    if (mounted_) {
      ::umount(path_.c_str());
    } else {
      ::setrlimit(RLIMIT_FSIZE, &before_);
      ::signal(SIGXFSZ, handler_);
    }
  }

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
  rlimit before_{};
  sighandler_t handler_ = SIG_DFL;
};

TEST(LocalDestination, SaysThatTheDiskIsFull) {
  const TestFolder folder;
  const TinyDisk disk(folder.path());
  const auto destination = make_local_destination(folder.path());
  const auto stored = store(*destination, "part", std::string(4 << 20, 'x'));
  ASSERT_FALSE(stored.has_value());
  EXPECT_EQ(stored.error().kind, ErrorKind::permanent);
  EXPECT_EQ(stored.error().code, "RIVET_DESTINATION_FULL");
  EXPECT_THAT(stored.error().message, HasSubstr((folder.path() / "part").native()));
  EXPECT_THAT(stored.error().message, HasSubstr("MB)"));
  EXPECT_FALSE(stored.error().hint.empty());
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(LocalDestination, DoesNotCommitAfterAFailedWrite) {
  const TestFolder folder;
  const TinyDisk disk(folder.path());
  const auto destination = make_local_destination(folder.path());
  auto upload = destination->begin("part").value();
  const std::string large(4 << 20, 'x');
  ASSERT_FALSE(upload->write(large.data(), 4 << 20).has_value());
  EXPECT_FALSE(upload->write("x", 1).has_value());
  EXPECT_EQ(upload->commit().error().code, "RIVET_DESTINATION_FULL");
  upload.reset();
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(LocalDestination, KeepsTheOldTextWhenAReplacementDoesNotFit) {
  const TestFolder folder;
  const TinyDisk disk(folder.path());
  const auto destination = make_local_destination(folder.path());
  ASSERT_TRUE(destination->put("manifest.json", "old").has_value());
  EXPECT_EQ(destination->put("manifest.json", std::string(4 << 20, 'x')).error().code, "RIVET_DESTINATION_FULL");
  EXPECT_EQ(read_text(*destination, "manifest.json", 10).value(), "old");
  EXPECT_THAT(folder.names(), ElementsAre("manifest.json"));
}

TEST(LocalDestination, SaysThatAFolderCannotBeMade) {
  const TestFolder folder;
  folder.write("file", "x");
  const auto upload = make_local_destination(folder.path() / "file" / "below")->begin("part");
  ASSERT_FALSE(upload.has_value());
  EXPECT_EQ(upload.error().kind, ErrorKind::permanent);
  EXPECT_EQ(upload.error().code, "RIVET_DESTINATION_NOT_WRITABLE");
  EXPECT_THAT(upload.error().message, HasSubstr((folder.path() / "file").native()));
}

TEST(LocalDestination, SaysThatAFolderIsNotWritable) {
  // /sys refuses new files to everyone, also to root.
  for (const auto* folder : {"/sys", "/sys/below"}) {
    const auto upload = make_local_destination(folder)->begin("part");
    ASSERT_FALSE(upload.has_value());
    EXPECT_EQ(upload.error().kind, ErrorKind::permanent);
    EXPECT_EQ(upload.error().code, "RIVET_DESTINATION_NOT_WRITABLE");
    EXPECT_FALSE(upload.error().hint.empty());
  }
}

}  // namespace
}  // namespace rivet::destination
