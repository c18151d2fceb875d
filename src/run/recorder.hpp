// SPDX-License-Identifier: Apache-2.0
// Writes a run's journal as things happen.
#pragma once

#include <string>

#include <spdlog/logger.h>

#include "base/clock.hpp"
#include "model/journal.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// Appends events to the journal of one run. A journal that cannot be written is logged and does not stop the
/// run. Any thread may call it; everything it refers to must outlive it.
class Recorder {
 public:
  Recorder(state::StateStore& store, const base::Clock& clock, spdlog::logger& log, std::string run_id,
           std::string export_name);

  void record(model::journal::Event event) const;

 private:
  state::StateStore& store_;
  const base::Clock& clock_;
  spdlog::logger& log_;
  std::string run_id_, export_name_;
};

}  // namespace rivet::run
