// SPDX-License-Identifier: Apache-2.0
// Digest version 1 as plain numbers (docs/digest.md): sums that do not depend on the order of rows,
// can be merged over parts and subtracted for repair.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace rivet::model {

inline constexpr int kDigestVersion = 1;

/// Row count, the two 64-bit halves of the row hashes summed modulo 2^64, and per source column the
/// cell hashes summed modulo 2^64.
struct Digest {
  std::uint64_t rows = 0;
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::vector<std::uint64_t> columns;  ///< in column order; columns we add are not part of it

  bool operator==(const Digest&) const = default;

  /// Adds another part's digest. REQUIRES: the same number of columns, or no columns yet.
  Digest& operator+=(const Digest& other);
  /// Takes a part's digest away again. REQUIRES: the same number of columns.
  Digest& operator-=(const Digest& other);
};

/// `v1:<rows>:<high 16 hex><low 16 hex>` and `:<16 hex>` per column: the form kept in the store.
std::string to_string(const Digest& digest);
/// Reads to_string back; error kind data when the text is not a digest of this version.
Result<Digest> parse_digest(std::string_view text);

/// Whether `+=` is allowed between them: the same number of columns, or none on one side.
bool mergeable(const Digest& a, const Digest& b);
/// Whether they stand for the same rows: equal, where no columns at all count as columns of zeros.
bool same_value(const Digest& a, const Digest& b);

}  // namespace rivet::model
