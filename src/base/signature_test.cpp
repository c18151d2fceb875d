// SPDX-License-Identifier: Apache-2.0
// RFC 8032's own vector through PEM, and everything that is no key and no signature.
#include "base/signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::base {
namespace {

// RFC 8032, section 7.1, TEST 2, as PKCS#8 (RFC 8410): a fixed header and the 32 bytes of the secret key.
constexpr std::string_view kPrivate =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";

SigningKey other_key() {
  return SigningKey::from_pem(
             "-----BEGIN PRIVATE KEY-----\n"
             "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
             "-----END PRIVATE KEY-----\n")
      .take();
}

TEST(Signature, SignsAndTellsItsOwn) {
  const auto key = SigningKey::from_pem(kPrivate);
  ASSERT_TRUE(key.has_value()) << key.error().to_string();
  const auto signature = key->sign("bytes");
  EXPECT_EQ(signature.size(), 128U);
  EXPECT_EQ(signature, key->sign("bytes"));
  EXPECT_TRUE(is_signed_by(key->public_key(), "bytes", signature));
  EXPECT_FALSE(is_signed_by(key->public_key(), "Bytes", signature));
  EXPECT_FALSE(is_signed_by(other_key().public_key(), "bytes", signature));
}

TEST(Signature, AgreesWithTheStandard) {
  const std::string public_key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
  const std::string signature =
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
  const auto key = SigningKey::from_pem(kPrivate).take();
  EXPECT_EQ(key.public_key(), public_key);
  EXPECT_EQ(key.sign("\x72"), signature);
  EXPECT_TRUE(is_signed_by(public_key, "\x72", signature));
  EXPECT_FALSE(is_signed_by(public_key, "\x73", signature));
}

TEST(Signature, EveryChangedDigitIsSeen) {
  const auto key = other_key();
  const auto signature = key.sign("bytes");
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto changed = signature;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(is_signed_by(key.public_key(), "bytes", changed)) << i;
  }
}

TEST(Signature, RefusesWhatIsNoKey) {
  for (const auto* text : {"", "-----BEGIN PRIVATE KEY-----\n", "not PEM at all"}) {
    const auto key = SigningKey::from_pem(text);
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().kind, ErrorKind::config);
    EXPECT_NE(key.error().hint.find("openssl genpkey"), std::string::npos);
    EXPECT_FALSE(public_key_from_pem(text).has_value());
  }
  EXPECT_FALSE(public_key_from_pem(kPrivate).has_value()) << "a private key is no public one";
}

TEST(Signature, IsFalseForTextsOfOtherShapes) {
  const auto key = other_key();
  const auto signature = key.sign("bytes");
  EXPECT_FALSE(is_signed_by("", "bytes", signature));
  EXPECT_FALSE(is_signed_by(key.public_key(), "bytes", ""));
  EXPECT_FALSE(is_signed_by(key.public_key(), "bytes", signature + "00"));
  EXPECT_FALSE(is_signed_by(key.public_key().substr(1) + "g", "bytes", signature));
  EXPECT_EQ(key_fingerprint("no key"), "");
  EXPECT_EQ(key_fingerprint(key.public_key()).size(), 64U);
}

}  // namespace
}  // namespace rivet::base
