// SPDX-License-Identifier: Apache-2.0
// Hash primitives over bytes: XXH3 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md), MD5 (RFC 1321), SHA-256
// (FIPS 180-4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace rivet::base {

/// XXH3-64 of the bytes, unseeded.
std::uint64_t xxh3_64(std::string_view bytes);

/// `xxh3:` and 16 lower-case hex digits, the form manifests and markers carry.
std::string xxh3_label(std::uint64_t hash);
/// Whether the text has that form.
bool is_xxh3_label(std::string_view text);

/// Hashes fields one after another, each preceded by its length, so that no two different lists of
/// fields give the same bytes.
class FieldHasher {
 public:
  FieldHasher& add(std::string_view field);
  /// 16 lower-case hex digits of XXH3-64 over everything added.
  std::string hex() const;

 private:
  std::string bytes_;
};

/// Fingerprints a byte stream as it passes: XXH3-64 and, when asked for, MD5. Not thread safe.
class ContentHasher {
 public:
  explicit ContentHasher(bool with_md5);
  ~ContentHasher();
  ContentHasher(ContentHasher&&) noexcept;
  ContentHasher& operator=(ContentHasher&&) noexcept;

  void update(const void* bytes, std::size_t size);
  /// `xxh3:<16 hex>` of everything so far.
  std::string xxh3() const;
  /// Base64 of the MD5 digest of everything so far; empty when MD5 was not asked for.
  std::string md5_base64() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of a byte stream as it passes. Not thread safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(const void* bytes, std::size_t size);
  /// 64 lower-case hex digits of everything so far.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Sha256 of these bytes.
std::string sha256_hex(std::string_view bytes);

}  // namespace rivet::base
