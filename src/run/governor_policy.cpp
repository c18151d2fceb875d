// SPDX-License-Identifier: Apache-2.0
// Down at once, up with patience.
#include "run/governor_policy.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace rivet::run {
namespace {

constexpr std::int64_t kFewestWaiting = 2;  // one statement always waits for something
constexpr std::chrono::seconds kMostLag{10};

}  // namespace

/// What hurts others, in words; empty when nothing does.
std::string GovernorPolicy::strain(const source::Pressure& sample) const {
  if (sample.waiting >= kFewestWaiting && 2 * sample.waiting >= sample.active) {
    return fmt::format("{} of {} statements of other sessions wait", sample.waiting, sample.active);
  }
  if (sample.standby_lag && *sample.standby_lag >= kMostLag) {
    return fmt::format("a standby is {} ms behind", sample.standby_lag->count());
  }
  if (checkpoints_ && sample.requested_checkpoints && *sample.requested_checkpoints > *checkpoints_) {
    return "the server's write load forces checkpoints";
  }
  return {};
}

std::optional<Adjustment> GovernorPolicy::observe(const source::Pressure& sample) {
  if (is_off()) return std::nullopt;
  unreadable_ = 0;
  auto reason = strain(sample);
  checkpoints_ = sample.requested_checkpoints;
  if (!reason.empty()) {
    calm_ = 0;
    return change_to(std::max(slots_ - 1, least_), std::move(reason));
  }
  if (++calm_ < kCalmNeeded) return std::nullopt;
  calm_ = 0;
  return change_to(std::min(slots_ + 1, most_), "nobody waits any more");
}

std::optional<Adjustment> GovernorPolicy::observe_nothing() {
  if (is_off()) return std::nullopt;
  calm_ = 0;
  checkpoints_.reset();
  if (++unreadable_ < kMostUnreadable) return std::nullopt;
  return change_to(most_, "the load of the source cannot be read");
}

std::optional<Adjustment> GovernorPolicy::change_to(int slots, std::string reason) {
  if (slots == slots_) return std::nullopt;
  return Adjustment{.from = std::exchange(slots_, slots), .to = slots, .reason = std::move(reason)};
}

}  // namespace rivet::run
