// SPDX-License-Identifier: Apache-2.0
// The units of one run as a listing: text for people, JSON for scripts.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "state/store.hpp"

namespace rivet::report {

/// A run with what the store knows of its units.
struct RunChunks {
  state::RunView run;
  std::vector<state::UnitView> units;  ///< by index
  std::vector<state::FileView> files;  ///< of the run, in any order
};

std::string chunks_text(const RunChunks& chunks);
/// An object with the columns of the view chunk_run, and under `chunks` those of chunk_task.
nlohmann::ordered_json chunks_json(const RunChunks& chunks);

}  // namespace rivet::report
