// SPDX-License-Identifier: Apache-2.0
// The store says what counts; the names say whose the rest is.
#include "run/garbage.hpp"

#include <set>

#include "run/part_names.hpp"
#include "run/quarantine.hpp"

namespace rivet::run {
namespace {

std::string stem_of(const state::RunView& run) { return run_stem(run.run_id, run.export_name, run.nonce); }

Result<std::set<std::string>> committed_parts(state::StateStore& store, const state::RunView& run) {
  std::set<std::string> out;
  for (const auto& file : TRY(store.files({.run_id = run.run_id, .limit = 0}))) out.insert(file.part.path);
  return out;
}

}  // namespace

Result<std::vector<std::string>> garbage_of(state::StateStore& store, const destination::Destination& destination,
                                            const state::RunView& run) {
  std::vector<std::string> out;
  if (run.stage != state::RunStage::published || !destination.capabilities().can_list) return out;
  const auto committed = TRY(committed_parts(store, run));
  for (const auto& object : TRY(destination.list())) {
    if (object.key.starts_with(stem_of(run)) && !committed.contains(object.key)) out.push_back(object.key);
  }
  return out;
}

Result<void> remove_garbage(state::StateStore& store, const destination::Destination& destination,
                            const state::RunView& run) {
  if (run.stage != state::RunStage::published) return {};
  return quarantine(destination, stem_of(run), TRY(committed_parts(store, run)), run.run_id);
}

}  // namespace rivet::run
