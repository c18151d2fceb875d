// SPDX-License-Identifier: Apache-2.0
// Which rows earlier runs of an incremental export have exported, and which of this run later ones will want to know.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "batch/row_identity.hpp"
#include "batch/schema.hpp"
#include "model/plan.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// Rows that were exported before, by identity; how often each when rows can share one. Immutable after construction;
/// any thread may read it. Takes 24 bytes a row.
class KnownRows {
 public:
  KnownRows() = default;
  /// From stored forms of RowMemory::remembered(). Kind data for text that is none.
  static Result<KnownRows> from(const std::vector<std::string_view>& remembered);

  /// How many known rows have this identity.
  std::int64_t count(const batch::RowId& row) const;

 private:
  std::vector<std::pair<batch::RowId, std::int64_t>> rows_;  // ordered, distinct
};

/// What one unit does with its rows: leaves out those that are known, remembers the others. Used by one thread.
class RowMemory {
 public:
  /// What a unit looks out for. Everything referred to must outlive the memory.
  struct Options {
    const batch::RowIdentity& identity;
    const KnownRows* known = nullptr;  ///< none: nothing is left out
    bool unique = false;               ///< no two rows of the source share an identity
    bool remember = false;
  };

  explicit RowMemory(const Options& options) : options_(options) {}

  /// The rows that are new, in their order. Kind internal when they cannot be picked.
  Result<batch::Batch> admit(const batch::Batch& rows);

  /// 16 bytes for each row that was admitted, in the machine's order of bytes; empty when nothing is remembered.
  const std::string& remembered() const { return remembered_; }

 private:
  bool is_known(const batch::RowId& row);

  Options options_;
  std::string remembered_;
  struct Hash {
    std::size_t operator()(const batch::RowId& row) const { return row[0]; }
  };
  std::unordered_map<batch::RowId, std::int64_t, Hash> left_out_;  // only where rows can share an identity
};

/// What all units of an incremental run share. Immutable; any thread may read it.
class RecentRows {
 public:
  /// Loads what earlier runs remembered, when some unit looks again at what they read.
  static Result<RecentRows> load(state::StateStore& store, const model::Plan& plan);

  /// What the unit does with its rows.
  RowMemory memory_of(const model::Unit& unit) const;
  /// What the store is told of them.
  std::optional<state::RecentKeys> to_store(const model::Unit& unit, const RowMemory& memory) const;

 private:
  RecentRows(const model::Incremental& incremental, batch::RowIdentity identity, KnownRows known);

  model::Incremental incremental_;
  batch::RowIdentity identity_;
  KnownRows known_;
};

}  // namespace rivet::run
