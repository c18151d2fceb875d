// SPDX-License-Identifier: Apache-2.0
// The only place that names concrete engines, formats, destinations and stores.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "cascade/store.hpp"
#include "cli/state_place.hpp"
#include "config/config.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "run/environment.hpp"
#include "source/source.hpp"
#include "state/store.hpp"

namespace rivet::cli {

/// The configured source; `clock` must outlive it. Error kind config for an engine that this version does not have.
Result<std::unique_ptr<source::Source>> make_source(const config::Source& source, const base::Clock& clock);

/// Where an export wants its parts, placeholders of its path filled for the day of `at`. Local prefixes are absolute
/// paths, so that a run from another working directory means the same place. Touches nothing.
inspect::Place place_of(const config::Export& entry, base::Timestamp at);

/// Opens it. Error kind config for a kind of store that this version does not have.
Result<run::OpenedDestination> open_destination(const config::Export& entry, base::Timestamp at);

/// Opens the prefix of an earlier run again, from what open_destination() said about it.
Result<std::unique_ptr<destination::Destination>> open_prefix(const std::string& kind, const std::string& prefix);

/// The file format of one export with its options.
Result<std::unique_ptr<format::Format>> make_format(const config::Export& entry);

/// A format for reading finished files, by the name that manifests carry (`parquet`, `csv`). Error kind
/// data for another name.
Result<std::unique_ptr<format::Format>> make_reading_format(std::string_view name);

/// Whether the folder already holds a state store; taken for granted of one that `RIVET_STATE_URL` names.
bool store_exists(const std::filesystem::path& config_folder);

/// Opens the state store at a place, and creates it when there is none. Errors as of the engine.
Result<std::unique_ptr<state::StateStore>> open_store_at(const StatePlace& place);

/// Opens the state store of a configuration folder, or the one that `RIVET_STATE_URL` names, and creates it when there
/// is none. Errors as of the engine; config for a URL that cannot be read.
Result<std::unique_ptr<state::StateStore>> open_store(const std::filesystem::path& config_folder);

/// What the state store of a configuration folder holds now, for commands that only look: nothing is created or
/// written, and what is applied to the copy is forgotten with it. Empty when there is no store. Errors likewise.
Result<std::unique_ptr<state::StateStore>> open_store_copy(const std::filesystem::path& config_folder);

/// Opens the cascade in a state store, and creates the store when there is none. Errors as of the engine.
Result<std::unique_ptr<cascade::Store>> open_cascade(const StatePlace& place);

/// What wakes those who wait for the cascade: notifications of a server; for a file, only time. Error kind config for
/// a RIVET_STATE_LISTEN_URL that cannot be read.
Result<std::unique_ptr<cascade::Hints>> open_hints(const StatePlace& place);

/// A server that keeps state.
struct StateServer {
  std::string version;
  bool through_pooler = false;
  std::chrono::milliseconds clock_ahead{0};  ///< its clock less that of this machine
};

/// What is at a place for state, and whether it can be worked with.
struct StateCondition {
  int version = 0;  ///< 0: no tables yet
  bool may_write = false;
  std::optional<StateServer> server;  ///< none for a file
};

/// Looks at a place for state and changes nothing. Kind data for tables of another program or of a newer version.
Result<StateCondition> examine_state(const StatePlace& place, const base::Clock& clock);

/// Creates the tables or brings them up to date; the version that was there before, 0 for none.
Result<int> migrate_state(const StatePlace& place);

/// Copies every row from store to store; returns how many. Kind config when there is nothing to copy, or when the
/// target is not empty.
Result<std::int64_t> copy_state(const StatePlace& from, const StatePlace& to);

}  // namespace rivet::cli
