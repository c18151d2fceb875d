// SPDX-License-Identifier: Apache-2.0
// Words about a state store.
#include "cli/state_condition.hpp"

#include <fmt/format.h>

#include "state/schema.hpp"

namespace rivet::cli {
namespace {

using namespace std::chrono_literals;

// A lease lasts a minute, and is judged by the clocks of the machines that share a store.
constexpr std::chrono::milliseconds kTolerated = 30s;

std::string tell_version(const StatePlace& place, int version) {
  if (version == 0) return place.location() + " has no tables yet: the first run creates them";
  if (version == state::schema_version()) return fmt::format("{} has version {}", place.location(), version);
  return fmt::format("{} has version {}, the next run brings it to version {}", place.location(), version,
                     state::schema_version());
}

}  // namespace

std::string tell_condition(const StatePlace& place, const StateCondition& condition) {
  auto told = tell_version(place, condition.version);
  if (!condition.server) return told;
  const auto& server = *condition.server;
  return fmt::format("{}; PostgreSQL {}{}; its clock differs by {:.1f} s", told, server.version,
                     server.through_pooler ? " through a pooler" : "",
                     std::chrono::duration<double>(server.clock_ahead).count());
}

Result<void> judge_state(const StatePlace& place, const StateCondition& condition) {
  if (!condition.may_write) {
    return fail(place.url ? ErrorKind::auth : ErrorKind::permanent,
                fmt::format("the state store {} cannot be written by this user", place.location()),
                place.url ? "its user must own the schema and its tables, or may create the schema"
                          : "make the file and its directory writable for this user");
  }
  if (condition.server && std::chrono::abs(condition.server->clock_ahead) > kTolerated) {
    return fail(ErrorKind::config,
                fmt::format("the clock of this machine and that of the state store {} differ by {:.0f} s",
                            place.location(), std::chrono::duration<double>(condition.server->clock_ahead).count()),
                "set the clocks (NTP): leases of runs are judged by them");
  }
  return {};
}

}  // namespace rivet::cli
