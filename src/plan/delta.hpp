// SPDX-License-Identifier: Apache-2.0
// Exports that read only what is new: the choice, the units, and what they can and cannot promise. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "model/plan.hpp"
#include "plan/strategy.hpp"
#include "plan/units.hpp"

namespace rivet::plan {

/// Whether the export reads only what earlier runs have not.
bool is_incremental(const config::Export& entry);

/// The strategy of an incremental export, also of a chunked one with keyset_incremental. Kind config when the
/// cursor is no column, or is not the one that the earlier runs followed.
Result<Strategy> choose_delta(const config::Export& entry, const model::Inventory& inventory,
                              const Circumstances& told);

/// Whether late rows are looked for only as far back as earlier runs remember: then KeyFacts::floor is needed.
bool looks_back_to_floor(const Strategy& strategy);

/// The relation that holds what lies behind the cursor of earlier runs; all of it on a first run.
model::Relation new_rows_of(const model::Relation& relation, const model::Incremental& incremental);

/// Kind config, with the way out, when the source is another one than that of the earlier runs, or a standby that has
/// not come as far as they had.
Result<void> check_horizon(const model::Incremental& incremental, const model::Horizon& horizon);

/// The units: first what is looked at again, then what is new; and everything about them that outlives planning.
struct Delta {
  std::vector<model::Unit> units;
  model::Incremental incremental;
};
Result<Delta> make_delta(const Strategy& strategy, const KeyFacts& facts);

/// One sentence on why no row is missed and none is read twice. Kind internal for units that do not show it.
Result<std::string> prove_delta(const KeyFacts& facts, const Delta& delta);

}  // namespace rivet::plan
