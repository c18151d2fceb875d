// SPDX-License-Identifier: Apache-2.0
// What a run learns from the source before its first row: columns, the way to cut, and at last the units.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "batch/row_hash.hpp"
#include "config/config.hpp"
#include "model/plan.hpp"
#include "inspect/access.hpp"
#include "plan/make_plan.hpp"
#include "plan/past_run.hpp"

namespace rivet::inspect {

/// Where the parts of an export land.
struct Place {
  std::string prefix;  ///< canonical, as the state store keys it
  std::string uri;     ///< for manifest and people
};

/// An export whose relation was looked at, with the plan but for its units.
struct Resolved {
  std::unique_ptr<source::Session> session;  ///< what looked; holds the instant once that is shared
  batch::MetaColumns meta_columns;
  plan::Strategy strategy;
  plan::KeyFacts facts;
  model::Inventory inventory;
  model::Plan plan;
  std::vector<plan::PastRun> history = {};  ///< the export's runs in the records, the newest first, at most 20
};

/// How a session is set up that asks, and shares no instant.
source::SessionOptions probe_options(const Access& access, const config::Export& entry);

/// The columns that the export adds, with the time of the run.
Result<batch::MetaColumns> make_meta_columns(const config::Export& entry, const model::Columns& source_columns,
                                             base::Timestamp started_at);

/// Connects, describes, chooses how to cut: the one way from a configuration to a plan, for every command. `started_at`
/// is the run's time for added columns.
Result<Resolved> resolve(const Access& access, const config::Config& config, const config::Export& entry,
                         const Place& place, base::Timestamp started_at);

/// What a plan is made for.
enum class Purpose {
  run,   ///< its units are read right away: when they share an instant, the session holds it from here on
  plan,  ///< they are read later
  look   ///< they are only shown: nothing is counted where an estimate will do
};

/// Asks the source for what the units need, and completes the plan with them. The session is kept; of a run, until the
/// last unit is read when they share an instant.
Result<void> cut_into_units(const Access& access, Purpose purpose, Resolved& resolved);

}  // namespace rivet::inspect
