// SPDX-License-Identifier: Apache-2.0
// One listing, and the bytes when they are asked for.
#include "run/landed_parts.hpp"

#include <algorithm>
#include <map>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <fmt/format.h>

#include "base/hash.hpp"

namespace rivet::run {
namespace {

constexpr std::int64_t kBlockBytes = 1 << 20;

Result<std::string> fingerprint_of(const destination::Destination& destination, const std::string& key) {
  const auto file = TRY(destination.read(key));
  if (!file) return fail(ErrorKind::unavailable, key + " vanished while it was being looked at");
  base::ContentHasher hasher(false);
  for (std::int64_t at = 0;;) {
    const auto block = (*file)->ReadAt(at, kBlockBytes);
    if (!block.ok()) return fail(ErrorKind::unavailable, fmt::format("reading {}: {}", key, block.status().ToString()));
    if ((*block)->size() == 0) return hasher.xxh3();
    hasher.update((*block)->data(), static_cast<std::size_t>((*block)->size()));
    at += (*block)->size();
  }
}

/// What is wrong with the part; empty: nothing.
Result<std::string> damage_of(const model::Part& part, const std::map<std::string, std::int64_t>& sizes,
                              const destination::Destination& destination, bool content) {
  const auto found = sizes.find(part.path);
  if (found == sizes.end()) return part.path + " is missing";
  if (found->second != part.size_bytes) {
    return fmt::format("{} has {} bytes instead of {}", part.path, found->second, part.size_bytes);
  }
  if (content && TRY(fingerprint_of(destination, part.path)) != part.content_fingerprint) {
    return part.path + " has other bytes than were committed";
  }
  return std::string();
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
