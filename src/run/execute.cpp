// SPDX-License-Identifier: Apache-2.0
// Slots, and what is left when they have nothing more to claim.
#include "run/execute.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/fault_point.hpp"
#include "base/linked_stop.hpp"
#include "run/cleaned.hpp"
#include "run/governor.hpp"
#include "run/owner.hpp"
#include "run/pacing.hpp"
#include "run/run_progress.hpp"
#include "run/slot_gate.hpp"
#include "run/unit_work.hpp"
#include "source/retry.hpp"

namespace rivet::run {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookAgain{250};
constexpr std::int64_t kBytesInFlight = 2LL << 20;  // for two slots
constexpr milliseconds kLongPause{10'000};          // a connection that is idle for longer had better be another's
constexpr std::int64_t kSplittableKeys = 2'000;     // half of it is worth a connection
constexpr int kSlotsThatFinishAside = 2;            // more keep server and processors busy, and cost memory enough

/// What was there when this process began.
struct Beginning {
  std::int64_t rows = 0;   ///< of completed units
  std::int64_t units = 0;  ///< that are not completed
};

/// The slots of one process on one run.
class Crew {
 public:
  Crew(const HeldRun& run, const std::stop_token& stop, const Beginning& beginning)
      : run_(run),
        stop_(stop),
        progress_(run.environment.progress, run.plan.export_name, beginning.rows),
        pacing_(run.entry.tuning, run.plan),
        open_units_(beginning.units) {}

  /// Works until nothing is left to claim, or a unit has failed for good.
  Result<void> work() {
    const auto count = std::max(run_.entry.keys.parallel, 1);
    SlotGate gate(count);
    std::optional<Governor> governor;
    if (is_governed(run_)) governor.emplace(run_, gate);
    {
      std::vector<std::jthread> slots;
      for (int i = 1; i < count; ++i) slots.emplace_back([this, i, &gate] { run_slot(i, gate); });
      run_slot(0, gate);
    }
    if (error_) return fail(*error_);
    return {};
  }

  ExecuteCounts counts() const { return {.retries = retries_, .bytes_read = progress_.bytes_read()}; }

 private:
  void run_slot(int slot, SlotGate& gate) {
    std::jthread finishing;  // the slot's last unit, while its next one is read
    if (auto done = claim_and_work(slot, gate, finishing); !done) stop_all(std::move(done).error());
    gate.open();  // nothing is left to claim, or all is stopping: nobody needs to wait for a turn
  }

  Result<void> claim_and_work(int slot, SlotGate& gate, std::jthread& finishing) {
    std::unique_ptr<SlotSession> session;
    for (;;) {
      if (!gate.lets_pass(slot)) session.reset();  // a slot that is not needed needs no connection
      gate.pass(slot, stop_.token());
      if (stop_.token().stop_requested()) return fail(ErrorKind::cancelled, "interrupted");
      if (run_.environment.drain.stop_requested()) {
        if (finishing.joinable()) finishing.join();
        return {};
      }
      const auto now = run_.environment.clock.now();
      const auto claim = TRY(run_.environment.store.claim(run_.run_id, run_.owner, now, now + run_.environment.lease));
      if (!claim && !finishing.joinable()) return {};
      if (!claim) {
        finishing.join();  // it may have failed, and be there to claim again
        continue;
      }
      base::fault_point("unit_claimed");
      const auto pause = TRY(attempt(*claim, session, finishing));
      if (pause > kLongPause) session.reset();
      rest(pause);
    }
  }

  /// One attempt at a unit, and the pause that the slot owes for it. When it fails there is a pause and the unit is
  /// pending again, or there is an error.
  Result<milliseconds> attempt(const state::UnitClaim& claim, std::unique_ptr<SlotSession>& session,
                               std::jthread& finishing) {
    const auto began = begin_unit();
    auto unit = UnitInHand::read(run_, claim, session, progress_, stop_.token());
    if (!unit) {
      session.reset();
      end_unit(began, nullptr);
      TRY(after_failure(claim, std::move(unit).error()));
      return milliseconds(0);
    }
    if (finishing.joinable()) finishing.join();
    if (!may_finish_aside()) return finish(claim, std::move(*unit), began);
    finishing = std::jthread([this, claim, unit = std::move(*unit), began]() mutable {
      if (auto done = finish(claim, std::move(unit), began); !done) stop_all(std::move(done).error());
    });
    return milliseconds(0);
  }

  Result<milliseconds> finish(const state::UnitClaim& claim, std::unique_ptr<UnitInHand> unit, Pacing::Instant began) {
    auto done = unit->finish();
    unit.reset();
    const auto owed = end_unit(began, done ? &*done : nullptr);
    if (done) return owed;
    TRY(after_failure(claim, std::move(done).error()));
    return milliseconds(0);
  }

  /// Whether the slot may read its next unit while this one is encoded, synced and committed: there is one, few slots
  /// share the memory, no pause is owed in between, and the destination takes two at a time.
  bool may_finish_aside() {
    const std::scoped_lock lock(mutex_);
    return more_to_claim() && run_.entry.keys.parallel <= kSlotsThatFinishAside && !pacing_.is_active() &&
           run_.destination.capabilities().retry_safe;
  }

  /// Pays what is owed, unless somebody else takes the last unit meanwhile.
  void rest(milliseconds pause) {
    std::unique_lock lock(mutex_);
    if (pause > milliseconds(0)) taken_.wait_for(lock, stop_.token(), pause, [this] { return !more_to_claim(); });
  }

  bool more_to_claim() const { return open_units_ > running_units_; }  // REQUIRES: the lock

  Pacing::Instant begin_unit() {
    const std::scoped_lock lock(mutex_);
    ++running_units_;
    taken_.notify_all();
    return std::chrono::steady_clock::now();
  }

  /// What is owed after a unit, or nothing when there will be no other for this slot. `taken` is null after a failure.
  milliseconds end_unit(Pacing::Instant began, const UnitVolume* taken) {
    const std::scoped_lock lock(mutex_);
    --running_units_;
    if (taken == nullptr) return milliseconds(0);
    --open_units_;
    const auto owed = pacing_.owed(*taken, began, std::chrono::steady_clock::now());
    return more_to_claim() ? owed : milliseconds(0);
  }

  Result<void> after_failure(const state::UnitClaim& claim, Error failure) {
    const auto error = cleaned(std::move(failure), run_.environment.redactor);
    const auto pause = plan_retry(run_, claim, error);
    // The claim is kept during the pause: another slot would try again without one.
    if (pause && !source::sleep_for(*pause, stop_.token())) return give_back(claim, Error{error});
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
  base::LinkedStop stop_;
  RunProgress progress_;
  std::mutex mutex_;
  std::condition_variable_any taken_;  // another unit
  std::optional<Error> error_;
  Pacing pacing_;
  std::int64_t retries_ = 0, open_units_, running_units_ = 0;
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
    if (run.environment.drain.stop_requested()) return fail(drained());
    if (!source::sleep_for(kLookAgain, stop)) return fail(ErrorKind::cancelled, "interrupted");
  }
}

Result<bool> is_complete(const HeldRun& run) {
  const auto units = TRY(run.environment.store.units(run.run_id));
  return std::all_of(units.begin(), units.end(),
                     [](const auto& unit) { return unit.status == model::UnitStatus::completed; });
}

Beginning beginning_of(const std::vector<state::UnitView>& units) {
  Beginning found;
  for (const auto& unit : units) {
    found.rows += unit.rows;
    found.units += unit.status == model::UnitStatus::completed ? 0 : 1;
  }
  return found;
}

}  // namespace

std::int64_t bytes_in_flight(const config::Export& entry) {
  return kBytesInFlight * std::max(entry.keys.parallel / 2, 1);
}

Error drained() {
  return {.kind = ErrorKind::cancelled,
          .message = "this process was asked to end; others go on with the run",
          .code = std::string(kDrained)};
}

int max_attempts(const config::Export& entry) {
  return entry.keys.chunk_max_attempts.value_or(entry.tuning.max_retries + 1);
}

/// One unit is left that nobody has begun, and this process came to help: it takes half of it, and leaves half to the
/// next.
Result<void> split_last(const HeldRun& run) {
  if (!run.shares || run.plan.incremental || !run.plan.snapshot.empty()) return {};
  const auto units = TRY(run.environment.store.units(run.run_id));
  const state::UnitView* last = nullptr;
  for (const auto& unit : units) {
    if (unit.status != model::UnitStatus::pending) continue;
    if (last != nullptr) return {};
    last = &unit;
  }
  if (last == nullptr || last->epoch > 0 || units.size() < 2) return {};
  const auto split = run.environment.store.apply(state::UnitSplit{.run_id = run.run_id,
                                                                  .unit_index = last->unit.index,
                                                                  .least = kSplittableKeys,
                                                                  .at = run.environment.clock.now()});
  if (!split && split.error().kind == ErrorKind::conflict) return {};
  return split;
}

Result<ExecuteCounts> execute(const HeldRun& run, const std::stop_token& stop) {
  Crew crew(run, stop, beginning_of(TRY(run.environment.store.units(run.run_id))));
  do {
    TRY(split_last(run));
    TRY(crew.work());
    if (run.environment.drain.stop_requested() && !TRY(is_complete(run))) return fail(drained());
  } while (TRY(left_by_others(run, stop)) == Left::claimable);
  return crew.counts();
}

}  // namespace rivet::run
