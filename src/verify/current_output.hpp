// SPDX-License-Identifier: Apache-2.0
// What an export's current output is made of: the units of its current generation, their parts, and how to read both.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/plan.hpp"
#include "state/store.hpp"

namespace rivet::verify {

/// Units that are compared and repaired as one. Mostly a single one; those of a run that cannot be read again by
/// itself (pages, row numbers) together.
struct Subject {
  std::vector<state::LiveUnit> units;
  std::vector<model::Part> parts;     ///< of all of them, in commit order
  const model::Plan* plan = nullptr;  ///< of their run; owned by the output

  /// The rows of all units together.
  model::Predicate predicate() const;
  model::Digest recorded() const;
  const state::LiveUnit& first() const { return units.front(); }
};

/// The current output of one export at one prefix.
struct CurrentOutput {
  state::RunView run;  ///< that published the newest generation and is no repair
  std::int64_t generation = 0;
  std::vector<Subject> subjects;
  std::map<std::string, std::unique_ptr<const model::Plan>> plans;  ///< by run; that of `run` among them
};

/// Where its newest published run wrote. Kind config, naming the next step, when the export has none, or one without
/// units.
Result<CurrentOutput> load_current_output(state::StateStore& store, const std::string& export_name);

}  // namespace rivet::verify
