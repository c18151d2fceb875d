// SPDX-License-Identifier: Apache-2.0
// What every destination can do on top of its contract.
#include "destination/destination.hpp"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <fmt/format.h>

#include "base/hash.hpp"

namespace rivet::destination {
namespace {

constexpr std::int64_t kBlockBytes = 1 << 20;

Error unreadable(const ObjectKey& key, const arrow::Status& status) {
  return {.kind = ErrorKind::unavailable,
          .message = fmt::format("cannot read \"{}\": {}", key, status.message()),
          .vendor_code = status.CodeAsString()};
}

/// Hands all bytes to the hasher, which has update(bytes, size).
template <class Hasher>
Result<std::int64_t> hash_all(const ObjectKey& key, arrow::io::RandomAccessFile& file, Hasher& hasher) {
  for (std::int64_t at = 0;;) {
    const auto block = file.ReadAt(at, kBlockBytes);
    if (!block.ok()) return fail(unreadable(key, block.status()));
    if ((*block)->size() == 0) return at;
    hasher.update((*block)->data(), static_cast<std::size_t>((*block)->size()));
    at += (*block)->size();
  }
}

}  // namespace

Result<std::optional<std::string>> read_text(const Destination& destination, const ObjectKey& key, std::int64_t limit) {
  const auto file = TRY(destination.read(key));
  if (!file) return std::nullopt;
  const auto size = (*file)->GetSize();
  if (!size.ok()) return fail(unreadable(key, size.status()));
  if (*size > limit) {
    return fail(ErrorKind::data, fmt::format("\"{}\" has {} bytes, more than the {} it may have", key, *size, limit));
  }
  const auto bytes = (*file)->ReadAt(0, *size);
  if (!bytes.ok()) return fail(unreadable(key, bytes.status()));
  if ((*bytes)->size() != *size) {
    return fail(ErrorKind::data, fmt::format("\"{}\" ended after {} of its {} bytes", key, (*bytes)->size(), *size));
  }
  return (*bytes)->ToString();
}

Result<std::string> content_fingerprint(const ObjectKey& key, arrow::io::RandomAccessFile& file) {
  base::ContentHasher hasher(false);
  TRY(hash_all(key, file, hasher));
  return hasher.xxh3();
}

Result<std::optional<Checksum>> checksum(const Destination& destination, const ObjectKey& key) {
  const auto file = TRY(destination.read(key));
  if (!file) return std::nullopt;
  base::Sha256 hasher;
  const auto size = TRY(hash_all(key, **file, hasher));
  return Checksum{.size_bytes = size, .sha256 = hasher.hex()};
}

}  // namespace rivet::destination
