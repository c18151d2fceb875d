// SPDX-License-Identifier: Apache-2.0
// Size and digests of an upload equal those of the bytes that landed.
#include "destination/hashed_upload.hpp"

#include <gtest/gtest.h>

namespace rivet::destination {
namespace {

/// Keeps nothing and reports what it is told to.
class FakeUpload final : public Upload {
 public:
  FakeUpload(StoredObject report, std::int64_t room) : report_(std::move(report)), room_(room) {}
  Result<void> write(const void*, std::int64_t size) override {
    room_ -= size;
    if (room_ < 0) return fail(ErrorKind::permanent, "full");
    return {};
  }
  Result<StoredObject> commit() override { return report_; }

 private:
  StoredObject report_;
  std::int64_t room_;
};

HashedUpload hashed(StoredObject report, bool with_md5 = true) {
  return {std::make_unique<FakeUpload>(std::move(report), 3), with_md5};
}

TEST(HashedUpload, FingerprintsWhatWasSent) {
  auto upload = hashed({.key = "x", .size_bytes = 3});
  ASSERT_TRUE(upload.write("a", 1).has_value());
  ASSERT_TRUE(upload.write("bc", 2).has_value());
  EXPECT_TRUE(upload.commit().has_value());
  EXPECT_EQ(upload.size_bytes(), 3);
  EXPECT_EQ(upload.content_fingerprint(), base::xxh3_label(base::xxh3_64("abc")));
  EXPECT_EQ(upload.content_md5(), "kAFQmDzST7DWlj99KOF/cg==");
}

TEST(HashedUpload, LeavesMd5OutWhenNotAsked) {
  auto upload = hashed({.size_bytes = 0}, false);
  EXPECT_TRUE(upload.commit().has_value());
  EXPECT_EQ(upload.content_md5(), "");
}

TEST(HashedUpload, DoesNotCountWhatTheStoreRefused) {
  auto upload = hashed({.size_bytes = 3});
  ASSERT_TRUE(upload.write("abc", 3).has_value());
  EXPECT_EQ(upload.write("d", 1).error().message, "full");
  EXPECT_EQ(upload.size_bytes(), 3);
  EXPECT_EQ(upload.content_fingerprint(), base::xxh3_label(base::xxh3_64("abc")));
}

TEST(HashedUpload, RefusesAnObjectThatIsNotWhatWasSent) {
  auto short_one = hashed({.key = "x", .size_bytes = 2});
  ASSERT_TRUE(short_one.write("abc", 3).has_value());
  EXPECT_EQ(short_one.commit().error().kind, ErrorKind::data);
  auto other = hashed({.key = "x", .size_bytes = 3, .md5_base64 = "AAAAAAAAAAAAAAAAAAAAAA=="});
  ASSERT_TRUE(other.write("abc", 3).has_value());
  EXPECT_EQ(other.commit().error().kind, ErrorKind::data);
}

}  // namespace
}  // namespace rivet::destination
