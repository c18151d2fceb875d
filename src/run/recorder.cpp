// SPDX-License-Identifier: Apache-2.0
// Appends journal events; a journal that cannot be written never fails the run.
#include "run/recorder.hpp"

#include <utility>

namespace rivet::run {

Recorder::Recorder(state::StateStore& store, const base::Clock& clock, spdlog::logger& log, std::string run_id,
                   std::string export_name)
    : store_(store), clock_(clock), log_(log), run_id_(std::move(run_id)), export_name_(std::move(export_name)) {}

void Recorder::record(model::journal::Event event) const {
  const auto written =
      store_.apply(state::JournalAppended{.run_id = run_id_,
                                          .export_name = export_name_,
                                          .entry = {.recorded_at = clock_.now(), .event = std::move(event)}});
  if (!written) log_.warn("journal of {}: {}", run_id_, written.error().to_string());
}

}  // namespace rivet::run
