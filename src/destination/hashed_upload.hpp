// SPDX-License-Identifier: Apache-2.0
// An upload that fingerprints what passes through it, so that a part's evidence comes from the bytes sent.
#pragma once

#include "base/hash.hpp"
#include "destination/destination.hpp"

#include <memory>
#include <string>

namespace rivet::destination {

/// Counts and hashes the bytes of another upload. One thread at a time.
class HashedUpload final : public Upload {
 public:
  /// Takes over `inner`. Without MD5 the fingerprint costs next to nothing.
  HashedUpload(std::unique_ptr<Upload> inner, bool with_md5);

  /// Bytes count once the inner upload has taken them.
  Result<void> write(const void* bytes, std::int64_t size) override;

  Result<void> flush() override { return inner_->flush(); }

  /// Commits the inner upload and compares what the store says it holds with what was sent: kind data when the size,
  /// or an MD5 that both know, differs.
  Result<StoredObject> commit() override;

  std::int64_t size_bytes() const { return size_; }
  /// `xxh3:<16 hex>` of the bytes so far.
  std::string content_fingerprint() const { return hasher_.xxh3(); }
  /// Base64; empty without MD5.
  std::string content_md5() const { return hasher_.md5_base64(); }

 private:
  std::unique_ptr<Upload> inner_;
  base::ContentHasher hasher_;
  std::int64_t size_ = 0;
};

}  // namespace rivet::destination
