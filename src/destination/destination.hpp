// SPDX-License-Identifier: Apache-2.0
// The Destination contract: objects under one prefix, visible only when committed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/io/type_fwd.h>

#include "base/result.hpp"

namespace rivet::destination {

/// An object's name relative to the prefix, with `/` between folders.
using ObjectKey = std::string;

/// An object as a listing shows it.
struct StoredObject {
  ObjectKey key;
  std::int64_t size_bytes = 0;
  std::string md5_base64 = {};  ///< as the store reports it; empty when it does not
};

/// An object being written. Dropping it abandons it: nothing becomes visible. One thread at a time.
class Upload {
 public:
  virtual ~Upload() = default;
  /// Errors: permanent (disk full, no permission), unavailable (store out of reach).
  virtual Result<void> write(const void* bytes, std::int64_t size) = 0;
  /// Brings everything written so far to its place, still invisible, so that the commit does not fail for want of
  /// space. A destination without such a step does nothing. Errors as of write().
  virtual Result<void> flush() { return {}; }
  /// Makes the object durable and visible under its key, in one step. An object of that key that
  /// already exists is kept and the call fails with kind conflict.
  virtual Result<StoredObject> commit() = 0;
};

/// What a kind of destination can do.
struct Capabilities {
  bool can_list = true;    ///< stdout cannot: no manifest, no validation
  bool retry_safe = true;  ///< a unit may be written again after a failure
};

/// One prefix of one store. Immutable; any thread may call it.
class Destination {
 public:
  virtual ~Destination() = default;
  virtual Capabilities capabilities() const = 0;
  /// Starts a new object. The destination must outlive the upload.
  virtual Result<std::unique_ptr<Upload>> begin(const ObjectKey& key) const = 0;
  /// Replaces a small object (manifest, marker) durably and atomically.
  virtual Result<void> put(const ObjectKey& key, std::string_view bytes) const = 0;
  /// All visible objects, sorted by key; unfinished uploads are not listed.
  virtual Result<std::vector<StoredObject>> list() const = 0;
  /// Opens an object for reading at any offset. Absent: an empty optional.
  virtual Result<std::optional<std::shared_ptr<arrow::io::RandomAccessFile>>> read(const ObjectKey& key) const = 0;
  /// Renames an object within the prefix.
  virtual Result<void> move(const ObjectKey& from, const ObjectKey& to) const = 0;
  /// Removes what uploads whose key starts with `key_prefix` left behind when their process died.
  virtual Result<void> sweep(std::string_view key_prefix) const = 0;
};

/// A whole small object as text, at most `limit` bytes (more: kind data). Absent: an empty optional.
Result<std::optional<std::string>> read_text(const Destination& destination, const ObjectKey& key, std::int64_t limit);

/// The fingerprint of an object's bytes as manifests record it (base::ContentHasher); `key` names it in errors (kind
/// unavailable). Reads it block by block.
Result<std::string> content_fingerprint(const ObjectKey& key, arrow::io::RandomAccessFile& file);

/// Size and SHA-256 of an object, as a certificate states them.
struct Checksum {
  std::int64_t size_bytes = 0;
  std::string sha256;  ///< 64 lower-case hex digits

  bool operator==(const Checksum&) const = default;
};
/// The checksum of an object's bytes; nothing when it is not there. Reads it block by block; kind unavailable when
/// that fails.
Result<std::optional<Checksum>> checksum(const Destination& destination, const ObjectKey& key);

}  // namespace rivet::destination
