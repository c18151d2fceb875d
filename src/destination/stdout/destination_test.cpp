// SPDX-License-Identifier: Apache-2.0
// Standard output takes one stream, reports broken pipes and refuses to be listed.
#include "destination/stdout/destination.hpp"

#include <arrow/io/interfaces.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

namespace rivet::destination {
namespace {

using ::testing::HasSubstr;

/// A pipe whose writing end stands for standard output.
class Pipe {
 public:
  explicit Pipe(int flags = 0) {
    ::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC | flags), 0);
  }
  ~Pipe() {
    close(0);
    close(1);
  }
  int input() const { return ends_[1]; }
  void close(int end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  /// Everything until the writing end is closed.
  std::string read_all() const {
    std::string text;
    std::array<char, 4096> block;
    for (;;) {
      const auto size = ::read(ends_[0], block.data(), block.size());
      if (size > 0) text.append(block.data(), static_cast<std::size_t>(size));
      if (size == 0 || (size < 0 && errno != EAGAIN)) return text;
    }
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST(StdoutDestination, StreamsOneObject) {
  Pipe pipe;
  const auto destination = make_stdout_destination(pipe.input());
  auto upload = destination->begin("orders.csv").value();
  ASSERT_TRUE(upload->write("a,b\n", 4).has_value());
  EXPECT_EQ(upload->commit().value().size_bytes, 4);
  pipe.close(1);
  EXPECT_EQ(pipe.read_all(), "a,b\n");
}

TEST(StdoutDestination, WaitsForASlowReaderOfANonBlockingPipe) {
  Pipe pipe(O_NONBLOCK);
  std::string received;
  std::thread reader([&] { received = pipe.read_all(); });
  const auto destination = make_stdout_destination(pipe.input());
  auto upload = destination->begin("x").value();
  const std::string text(3'000'000, 'q');
  const bool written = upload->write(text.data(), 3'000'000).has_value() && upload->commit().has_value();
  pipe.close(1);
  reader.join();
  EXPECT_TRUE(written);
  EXPECT_EQ(received, text);
}

TEST(StdoutDestination, SaysThatTheReaderClosedThePipe) {
  Pipe pipe;
  pipe.close(0);
  const auto destination = make_stdout_destination(pipe.input());
  auto upload = destination->begin("x").value();
  ASSERT_TRUE(upload->write("x", 1).has_value());
  const auto committed = upload->commit();
  ASSERT_FALSE(committed.has_value());
  EXPECT_EQ(committed.error().kind, ErrorKind::permanent);
  EXPECT_EQ(committed.error().vendor_code, "EPIPE");
  EXPECT_THAT(committed.error().message, HasSubstr("the reader closed the pipe"));
}

TEST(StdoutDestination, SaysThatTheDeviceIsFull) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  const auto destination = make_stdout_destination(full);
  auto upload = destination->begin("x").value();
  ASSERT_TRUE(upload->write("x", 1).has_value());
  EXPECT_EQ(upload->commit().error().code, "RIVET_DESTINATION_FULL");
  upload.reset();
  ::close(full);
}

TEST(StdoutDestination, TakesOnlyOneObject) {
  Pipe pipe;
  const auto destination = make_stdout_destination(pipe.input());
  { const auto dropped = destination->begin("x").value(); }
  auto upload = destination->begin("x").value();
  EXPECT_EQ(destination->begin("y").error().kind, ErrorKind::config);
  ASSERT_TRUE(upload->commit().has_value());
  upload.reset();
  EXPECT_EQ(destination->begin("y").error().kind, ErrorKind::config);
}

TEST(StdoutDestination, RefusesEverythingElse) {
  const auto destination = make_stdout_destination(STDOUT_FILENO);
  EXPECT_FALSE(destination->capabilities().can_list);
  EXPECT_FALSE(destination->capabilities().retry_safe);
  EXPECT_EQ(destination->put("manifest.json", "{}").error().kind, ErrorKind::config);
  EXPECT_EQ(destination->list().error().kind, ErrorKind::config);
  EXPECT_EQ(destination->read("x").error().kind, ErrorKind::config);
  EXPECT_EQ(destination->move("x", "y").error().kind, ErrorKind::config);
  EXPECT_EQ(destination->sweep("x").error().kind, ErrorKind::config);
}

}  // namespace
}  // namespace rivet::destination
