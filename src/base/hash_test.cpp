// SPDX-License-Identifier: Apache-2.0
// Known answers: the hashes are part of formats that others read.
#include "base/hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace rivet::base {
namespace {

std::string counting_bytes() {
  std::string bytes;
  for (int i = 0; i < 256 * 5; ++i) bytes += static_cast<char>(i);
  return bytes;
}

TEST(Xxh3, GivesTheKnownAnswers) {
  EXPECT_EQ(xxh3_64(""), 0x2d06800538d394c2U);
  EXPECT_EQ(xxh3_64("a"), 0xe6c632b61e964e1fU);
  EXPECT_EQ(xxh3_64("abc"), 0x78af5f94892f3950U);
  EXPECT_EQ(xxh3_label(xxh3_64(counting_bytes())), "xxh3:4844b009e164352e");
}

TEST(Xxh3, LabelsHaveSixteenDigits) { EXPECT_EQ(xxh3_label(0xAB), "xxh3:00000000000000ab"); }

TEST(ContentHasher, GivesTheSameForAnyCutOfTheStream) {
  const auto bytes = counting_bytes();
  for (const std::size_t step : {1U, 7U, 64U, 1000U, 1280U}) {
    ContentHasher hasher(true);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      hasher.update(bytes.data() + at, std::min(step, bytes.size() - at));
    }
    EXPECT_EQ(hasher.xxh3(), "xxh3:4844b009e164352e");
    EXPECT_EQ(hasher.md5_base64(), "goKfHz8rsPGLJfJ45buovQ==");
  }
}

TEST(ContentHasher, GivesMd5OfRfc1321) {
  ContentHasher hasher(true);
  EXPECT_EQ(hasher.md5_base64(), "1B2M2Y8AsgTpgAmY7PhCfg==");
  EXPECT_EQ(hasher.xxh3(), "xxh3:2d06800538d394c2");
  hasher.update("abc", 3);
  EXPECT_EQ(hasher.md5_base64(), "kAFQmDzST7DWlj99KOF/cg==");
  EXPECT_EQ(hasher.md5_base64(), "kAFQmDzST7DWlj99KOF/cg==") << "asking must not end the stream";
  EXPECT_EQ(hasher.xxh3(), "xxh3:78af5f94892f3950");
}

TEST(ContentHasher, GivesNoMd5UnlessAsked) {
  ContentHasher hasher(false);
  hasher.update("abc", 3);
  EXPECT_EQ(hasher.md5_base64(), "");
  EXPECT_EQ(hasher.xxh3(), "xxh3:78af5f94892f3950");
}

TEST(FieldHasher, TellsListsOfFieldsApart) {
  EXPECT_NE(FieldHasher().add("ab").add("c").hex(), FieldHasher().add("a").add("bc").hex());
  EXPECT_NE(FieldHasher().add("").hex(), FieldHasher().hex());
  EXPECT_EQ(FieldHasher().add("a").add("b").hex(), FieldHasher().add("a").add("b").hex());
  EXPECT_EQ(FieldHasher().hex(), "2d06800538d394c2");
}

/// FIPS 180-4 examples.
TEST(Sha256, AgreesWithTheStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 hash;
  hash.update("a", 1);
  EXPECT_EQ(hash.hex(), sha256_hex("a")) << "asking does not end it";
  hash.update("bc", 2);
  EXPECT_EQ(hash.hex(), sha256_hex("abc"));
}

}  // namespace
}  // namespace rivet::base
