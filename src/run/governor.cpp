// SPDX-License-Identifier: Apache-2.0
// Sample, decide, tell, sleep.
#include "run/governor.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "run/governor_policy.hpp"
#include "run/slot_session.hpp"
#include "source/retry.hpp"

namespace rivet::run {
namespace {

constexpr std::chrono::seconds kPatience{10};  // of one sample

/// A connection that is made anew after every failure.
class Watch {
 public:
  Watch(const Environment& environment, std::stop_token stop)
      : source_(environment.source), statements_(environment.statements), stop_(std::move(stop)) {}

  Result<std::optional<source::Pressure>> sample() {
    auto sampled = ask();
    if (!sampled) session_.reset();
    return sampled;
  }

 private:
  Result<std::optional<source::Pressure>> ask() {
    const source::SessionOptions options{
        .statement_timeout = kPatience, .lock_timeout = kPatience, .statements = statements_};
    if (session_ == nullptr) session_ = TRY(SlotSession::open(source_, options, stop_));
    return session_->session().pressure();
  }

  const source::Source& source_;
  std::atomic<std::int64_t>* const statements_;
  const std::stop_token stop_;
  std::unique_ptr<SlotSession> session_;
};

}  // namespace

bool is_governed(const HeldRun& run) {
  return run.entry.tuning.adaptive && run.entry.keys.parallel > 1 && run.plan.units.size() > 1;
}

Governor::Governor(const HeldRun& run, SlotGate& gate)
    : run_(run), gate_(gate), thread_([this](const std::stop_token& done) { watch(done); }) {}

void Governor::watch(const std::stop_token& done) {
  const int most = run_.entry.keys.parallel;
  GovernorPolicy policy(std::clamp(run_.entry.tuning.min_parallel, 1, most), most);
  Watch source(run_.environment, done);
  do {
    const auto sample = source.sample();
    if (done.stop_requested()) return;
    if (sample && !*sample) return say_off("this source does not tell how others fare");
    const auto adjustment = sample ? policy.observe(**sample) : policy.observe_nothing();
    if (adjustment) {
      gate_.allow(adjustment->to);
      run_.recorder.record(model::journal::ParallelismAdjusted{
          .from = adjustment->from, .to = adjustment->to, .reason = adjustment->reason});
    }
    if (policy.is_off()) return say_off(run_.environment.redactor.clean(sample.error().to_string()));
  } while (source::sleep_for(run_.environment.governor_interval, done));
}

void Governor::say_off(const std::string& why) const {
  const auto message = fmt::format("all {} slots stay busy: {}", run_.entry.keys.parallel, why);
  run_.recorder.record(model::journal::Warning{.context = "adaptive", .message = message});
  run_.environment.progress.note(run_.plan.export_name, "adaptive: " + message);
}

}  // namespace rivet::run
