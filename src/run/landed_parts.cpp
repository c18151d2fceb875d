// SPDX-License-Identifier: Apache-2.0
// One listing, and the bytes when they are asked for.
#include "run/landed_parts.hpp"

#include <algorithm>
#include <map>

#include <arrow/io/interfaces.h>
#include <fmt/format.h>

namespace rivet::run {
namespace {

/// What is wrong with the part; empty: nothing.
Result<std::string> damage_of(const model::Part& part, const std::map<std::string, std::int64_t>& sizes,
                              const destination::Destination& destination, bool content) {
  const auto found = sizes.find(part.path);
  if (found == sizes.end()) return part.path + " is missing";
  if (found->second != part.size_bytes) {
    return fmt::format("{} has {} bytes instead of {}", part.path, found->second, part.size_bytes);
  }
  if (!content) return std::string();
  const auto file = TRY(destination.read(part.path));
  if (!file) return part.path + " vanished while it was being looked at";
  const bool same = TRY(destination::content_fingerprint(part.path, **file)) == part.content_fingerprint;
  return same ? std::string() : part.path + " has other bytes than were committed";
}

}  // namespace

Result<std::vector<DamagedUnit>> damaged_units(state::StateStore& store, const destination::Destination& destination,
                                               const std::string& run_id, bool content) {
  std::vector<DamagedUnit> damaged;
  if (!destination.capabilities().can_list) return damaged;
  std::map<std::string, std::int64_t> sizes;
  for (const auto& object : TRY(destination.list())) sizes.emplace(object.key, object.size_bytes);
  for (const auto& file : TRY(store.files({.run_id = run_id, .limit = 0}))) {
    const auto index = file.part.unit_index;
    const auto same = [&](const auto& unit) { return unit.index == index; };
    if (std::any_of(damaged.begin(), damaged.end(), same)) continue;
    auto what = TRY(damage_of(file.part, sizes, destination, content));
    if (!what.empty()) damaged.push_back({.index = index, .what = std::move(what)});
  }
  return damaged;
}

}  // namespace rivet::run
