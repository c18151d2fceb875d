// SPDX-License-Identifier: Apache-2.0
// Fingerprints on the way to a store.
#include "destination/hashed_upload.hpp"

#include <fmt/format.h>

namespace rivet::destination {

HashedUpload::HashedUpload(std::unique_ptr<Upload> inner, bool with_md5)
    : inner_(std::move(inner)), hasher_(with_md5) {}

Result<void> HashedUpload::write(const void* bytes, std::int64_t size) {
  TRY(inner_->write(bytes, size));
  hasher_.update(bytes, static_cast<std::size_t>(size));
  size_ += size;
  return {};
}

Result<StoredObject> HashedUpload::commit() {
  auto stored = TRY(inner_->commit());
  if (stored.size_bytes != size_) {
    return fail(ErrorKind::data,
                fmt::format("\"{}\" was sent {} bytes but holds {}", stored.key, size_, stored.size_bytes));
  }
  const auto md5 = content_md5();
  if (!md5.empty() && !stored.md5_base64.empty() && md5 != stored.md5_base64) {
    return fail(ErrorKind::data, fmt::format("\"{}\" was sent bytes with MD5 {} but the store reports {}", stored.key,
                                             md5, stored.md5_base64));
  }
  return stored;
}

}  // namespace rivet::destination
