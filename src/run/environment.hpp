// SPDX-License-Identifier: Apache-2.0
// Everything a run is given: who it talks to, and how it reports.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include <spdlog/logger.h>

#include "base/byte_budget.hpp"
#include "base/clock.hpp"
#include "base/redact.hpp"
#include "config/config.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "inspect/resolve.hpp"
#include "model/journal.hpp"
#include "model/verification.hpp"
#include "report/progress.hpp"
#include "source/source.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// A destination opened at one prefix.
struct OpenedDestination {
  std::unique_ptr<destination::Destination> destination;
  inspect::Place place;  ///< open_prefix() accepts its prefix
};

/// The services of a run. The caller owns them all and keeps them alive for the whole run.
struct Environment {
  const source::Source& source;
  state::StateStore& store;
  const base::Clock& clock;
  report::ProgressListener& progress;
  spdlog::logger& log;
  const base::Redactor& redactor;  ///< for what goes into the store
  std::stop_token stop;
  base::ByteBudget& budget;  ///< of batches in flight, for all exports of the process; see bytes_in_flight()
  std::atomic<std::int64_t>* statements = nullptr;  ///< when given, counts what is sent to the source
  std::chrono::milliseconds lease{30'000};          ///< of runs and units; renewed often enough
  std::stop_token drain = {};  ///< once requested no further unit is begun, and the run is left to other processes
  std::chrono::milliseconds governor_interval{1'500};  ///< between two looks of an adaptive run at its source

  /// Opens where an export wants its parts, placeholders filled for `at`.
  std::function<Result<OpenedDestination>(const config::Export& entry, base::Timestamp at)> open_destination;
  /// Opens a prefix of an earlier run again, from its plan's destination kind and prefix.
  std::function<Result<std::unique_ptr<destination::Destination>>(const std::string& kind, const std::string& prefix)>
      open_prefix;
  std::function<Result<std::unique_ptr<format::Format>>(const config::Export& entry)> make_format;
  /// Verifies what was published; not called when the user did not ask for it.
  std::function<Result<model::ManifestVerification>(const destination::Destination&, const config::Export& entry)>
      verify;
  /// Compares how many rows were published with how many the source has; not called when the user did not ask for it.
  std::function<Result<model::journal::ReconciliationResult>(const config::Export& entry)> reconcile = {};

  inspect::Access access() const { return {source, store, stop, statements}; }
};

}  // namespace rivet::run
