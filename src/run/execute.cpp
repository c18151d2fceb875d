// SPDX-License-Identifier: Apache-2.0
// Slots, and what is left when they have nothing more to claim.
#include "run/execute.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/fault_point.hpp"
#include "run/cleaned.hpp"
#include "run/lease_keeper.hpp"
#include "run/linked_stop.hpp"
#include "run/owner.hpp"
#include "run/retry.hpp"
#include "run/run_progress.hpp"
#include "run/unit_work.hpp"

namespace rivet::run {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookAgain{250};
constexpr std::int64_t kBytesInFlight = 2LL << 20;  // for two slots

/// The slots of one process on one run.
class Crew {
 public:
  Crew(const HeldRun& run, const std::stop_token& stop, std::int64_t rows_before)
      : run_(run), stop_(stop), progress_(run.environment.progress, run.plan.export_name, rows_before) {}

  /// Works until nothing is left to claim, or a unit has failed for good.
  Result<void> work() {
    {
      std::vector<std::jthread> slots;
      const auto count = std::max(run_.entry.keys.parallel, 1);
      for (int i = 1; i < count; ++i) slots.emplace_back([this] { run_slot(); });
      run_slot();
    }
    if (error_) return fail(*error_);
    return {};
  }

  ExecuteCounts counts() const { return {.retries = retries_, .bytes_read = progress_.bytes_read()}; }

 private:
  void run_slot() {
    if (auto done = claim_and_work(); !done) stop_all(std::move(done).error());
  }

  Result<void> claim_and_work() {
    std::unique_ptr<SlotSession> session;
    for (;;) {
      if (stop_.token().stop_requested()) return fail(ErrorKind::cancelled, "interrupted");
      const auto now = run_.environment.clock.now();
      const auto claim = TRY(run_.environment.store.claim(run_.run_id, run_.owner, now, now + kLeaseTime));
      if (!claim) return {};
      base::fault_point("unit_claimed");
      TRY(attempt(*claim, session));
    }
  }

  /// One attempt at a unit, and what follows when it fails: a pause and the unit is pending again, or an error.
  Result<void> attempt(const state::UnitClaim& claim, std::unique_ptr<SlotSession>& session) {
    auto done = work_on_unit(run_, claim, session, progress_, stop_.token());
    if (done) return {};
    session.reset();
    const auto error = cleaned(std::move(done).error(), run_.environment.redactor);
    const auto pause = plan_retry(run_, claim, error);
    // The claim is kept during the pause: another slot would try again without one.
    if (pause && !sleep_for(*pause, stop_.token())) return give_back(claim, Error{error});
    TRY(record_failure_of_unit(run_, claim, error, !pause));
    if (!pause) return fail(error);
    const std::scoped_lock lock(mutex_);
    ++retries_;
    return {};
  }

  Result<void> give_back(const state::UnitClaim& claim, const Error& error) {
    TRY(record_failure_of_unit(run_, claim, error, false));
    return fail(ErrorKind::cancelled, "interrupted");
  }

  /// The first error counts; those of slots that were stopped for it do not.
  void stop_all(Error error) {
    const std::scoped_lock lock(mutex_);
    const bool only_stopped = error.kind == ErrorKind::cancelled;
    if (!error_ || (error_->kind == ErrorKind::cancelled && !only_stopped)) error_ = std::move(error);
    stop_.request_stop();
  }

  const HeldRun& run_;
  LinkedStop stop_;
  RunProgress progress_;
  std::mutex mutex_;
  std::optional<Error> error_;
  std::int64_t retries_ = 0;
};

/// What is left of a run when this process finds nothing more to claim.
enum class Left { nothing, claimable, orphaned };

/// Gives the units of dead workers back. The dead holder's come with the run, which is for the caller to take over.
Result<Left> release_dead(const HeldRun& run, const state::Owner& worker) {
  auto& store = run.environment.store;
  const auto view = TRY(store.run(run.run_id));
  if (view && view->owner == worker) return Left::orphaned;
  TRY(store.apply(state::UnitsReleased{.run_id = run.run_id, .owner = worker, .at = run.environment.clock.now()}));
  return Left::claimable;
}

/// Waits while other processes work on the run's last units.
Result<Left> left_by_others(const HeldRun& run, const std::stop_token& stop) {
  for (;;) {
    bool anything_running = false;
    for (const auto& unit : TRY(run.environment.store.units(run.run_id))) {
      if (unit.status == model::UnitStatus::pending) return Left::claimable;
      if (unit.status == model::UnitStatus::failed) {
        return fail(ErrorKind::permanent, fmt::format("unit {}: {}", unit.unit.index, unit.last_error));
      }
      if (unit.status != model::UnitStatus::running) continue;
      if (is_certainly_dead(unit.owner)) return release_dead(run, unit.owner);
      if (unit.lease_until < run.environment.clock.now()) return Left::claimable;
      anything_running = true;
    }
    if (!anything_running) return Left::nothing;
    if (!sleep_for(kLookAgain, stop)) return fail(ErrorKind::cancelled, "interrupted");
  }
}

std::int64_t completed_rows(const std::vector<state::UnitView>& units) {
  std::int64_t rows = 0;
  for (const auto& unit : units) rows += unit.rows;
  return rows;
}

}  // namespace

std::int64_t bytes_in_flight(const config::Export& entry) {
  return kBytesInFlight * std::max(entry.keys.parallel / 2, 1);
}

int max_attempts(const config::Export& entry) {
  return entry.keys.chunk_max_attempts.value_or(entry.tuning.max_retries + 1);
}

Result<ExecuteCounts> execute(const HeldRun& run, const std::stop_token& stop) {
  Crew crew(run, stop, completed_rows(TRY(run.environment.store.units(run.run_id))));
  do {
    TRY(crew.work());
  } while (TRY(left_by_others(run, stop)) == Left::claimable);
  return crew.counts();
}

}  // namespace rivet::run
