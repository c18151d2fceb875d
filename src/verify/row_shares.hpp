// SPDX-License-Identifier: Apache-2.0
// Which of the source's rows belong to a unit of an incremental output, where several units read the same stretch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "batch/row_identity.hpp"
#include "inspect/row_owners.hpp"
#include "model/plan.hpp"
#include "state/store.hpp"
#include "verify/current_output.hpp"
#include "verify/source_reads.hpp"

namespace rivet::verify {

/// What the units of an output, and those of earlier runs elsewhere, remember of their rows. Immutable; any thread may
/// use it. The output must outlive it.
class RowShares {
 public:
  RowShares() = default;
  /// Of the export's output. Errors of the store.
  static Result<RowShares> load(state::StateStore& store, const std::string& export_name, const CurrentOutput& output);

  /// How the source is read for a comparison: every row of it belongs to one unit of the output at most, and a row that
  /// no run has exported to one that should have.
  std::vector<SourceRead> reads_of(const Subject& subject) const;
  /// Why these reads may give other rows than those that should have been exported, of which `newcomers` are remembered
  /// by nobody; empty when they do not.
  std::string doubt(const Subject& subject, std::int64_t newcomers) const;
  /// Why a repair of the unit could lose rows or read some twice; empty when it cannot.
  std::string obstacle(const Subject& subject) const;

 private:
  struct Member {
    model::UnitRef unit;
    int number = 0;
    std::int64_t rows = 0;
    bool again = false, remembers = false, elsewhere = false;
  };
  struct Shape {
    batch::RowIdentity identity;
    std::shared_ptr<const inspect::RowOwners> owners;
  };

  void add_member(const state::LiveUnit& unit, const model::Plan& plan, bool elsewhere);
  Result<void> add_members(state::StateStore& store, const std::string& export_name);
  Result<void> add_elder_members(state::StateStore& store, const std::string& export_name);
  Result<void> add_shapes(state::StateStore& store, const std::string& export_name);
  std::vector<const Member*> rivals_of(const Subject& subject) const;
  bool is_shared(const Subject& subject) const;
  bool is_covered(const Subject& subject) const;
  std::string gap_among_others(const Subject& subject) const;
  std::string own_gap(const Subject& subject) const;
  std::string gap_of(const Member& member, const inspect::RowOwners& owners) const;

  const CurrentOutput* output_ = nullptr;  // none: nothing is shared
  std::vector<Member> members_;
  std::map<const model::Plan*, Shape> shapes_;
};

}  // namespace rivet::verify
