// SPDX-License-Identifier: Apache-2.0
// One claimed unit: extracted and committed, or its failure recorded.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>

#include "run/execute.hpp"
#include "run/extract.hpp"
#include "run/gates.hpp"
#include "run/pacing.hpp"
#include "run/run_progress.hpp"
#include "run/slot_session.hpp"

namespace rivet::run {

/// A claimed unit that has been read to its end and is not committed. Dropping it abandons its parts; the unit stays
/// claimed.
class UnitInHand {
 public:
  /// Reads the unit. `session` is opened when there is none. After a failure the session must be dropped; the unit
  /// stays claimed. `run` and `progress` must outlive what is returned.
  static Result<std::unique_ptr<UnitInHand>> read(const HeldRun& run, const state::UnitClaim& claim,
                                                  std::unique_ptr<SlotSession>& session, RunProgress& progress,
                                                  const std::stop_token& stop);

  /// Encodes what is left, makes the parts durable, commits the unit and tells what it took. Once, on any thread: the
  /// session it was read with may be reading the next unit.
  Result<UnitVolume> finish();

 private:
  UnitInHand(const HeldRun& run, state::UnitClaim claim, RunProgress& progress);
  Result<void> read_from(SlotSession& session);

  const HeldRun& run_;
  const state::UnitClaim claim_;
  Gates gates_;
  std::optional<batch::RowMemory> memory_;
  RunProgress::Attempt share_;
  UnfinishedUnit unfinished_;
};

/// Tells journal and listener of a failed attempt. The pause before the next one, or nothing when there will be none.
std::optional<std::chrono::milliseconds> plan_retry(const HeldRun& run, const state::UnitClaim& claim,
                                                    const Error& error);

/// Ends the claim: the unit goes back to pending, or, with `final`, has failed for good.
Result<void> record_failure_of_unit(const HeldRun& run, const state::UnitClaim& claim, const Error& error, bool final);

}  // namespace rivet::run
