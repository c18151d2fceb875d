// SPDX-License-Identifier: Apache-2.0
// Which rows were exported before, by whom, and what a read makes of its rows by that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "batch/row_identity.hpp"
#include "batch/schema.hpp"

namespace rivet::batch {

/// Rows that were exported before, by identity and owner; how often each when rows can share one. Immutable after
/// construction; any thread may read it. Takes 24 bytes a row.
class KnownRows {
 public:
  /// What one owner remembers: the stored form of RowMemory::remembered().
  struct Remembered {
    std::string_view rows;
    int owner = 0;
  };
  /// How many rows of one identity are known: of owners with lower numbers, of the asked one, of all.
  struct Share {
    std::int64_t before = 0, own = 0, all = 0;
  };

  KnownRows() = default;
  /// Kind data for text that is no stored form.
  static Result<KnownRows> from(const std::vector<Remembered>& remembered);

  /// The share of an owner, or of nobody.
  Share share(const RowId& row, std::optional<int> owner) const;

 private:
  struct Row {
    RowId id;
    std::int32_t owner;
    std::uint32_t count;
  };
  static_assert(sizeof(Row) == 24);

  std::vector<Row> rows_;  // ordered by id and owner, distinct
};

/// What one read does with its rows: leaves out those that are known to be another's, remembers the others. Of rows
/// that share an identity the first ones are the lowest owner's, as many as it knows, the next ones the next owner's;
/// what is left then is new. Used by one thread, for one read of all rows that can share an identity.
class RowMemory {
 public:
  /// What a read looks out for. Everything referred to must outlive the memory.
  struct Options {
    const RowIdentity& identity;
    const KnownRows* known = nullptr;  ///< none: nothing is left out
    std::optional<int> owner = {};     ///< known rows of this one are admitted
    bool takes_new = true;             ///< so are rows that nobody knows
    bool unique = false;               ///< no two rows of the source share an identity
    bool remember = false;
  };

  explicit RowMemory(const Options& options) : options_(options) {}

  /// The admitted rows, in their order. Kind internal when they cannot be picked.
  Result<Batch> admit(const Batch& rows);

  /// How many rows were admitted so far that nobody knew.
  std::int64_t newcomers() const { return newcomers_; }
  /// 16 bytes for each row that was admitted, in the machine's order of bytes; empty when nothing is remembered.
  const std::string& remembered() const { return remembered_; }

 private:
  bool is_admitted(const RowId& row);

  Options options_;
  std::string remembered_;
  std::int64_t newcomers_ = 0;
  struct Hash {
    std::size_t operator()(const RowId& row) const { return row[0]; }
  };
  std::unordered_map<RowId, std::int64_t, Hash> seen_;  // known ones, and only where rows can share an identity
};

}  // namespace rivet::batch
