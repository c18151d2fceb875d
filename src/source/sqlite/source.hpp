// SPDX-License-Identifier: Apache-2.0
// SQLite as a Source.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "source/source.hpp"

#include <memory>

namespace rivet::source::sqlite {

/// A source for the database file `config.path`. Opens nothing yet. `clock` gives the time of reads, since SQLite
/// has none of its own, and must outlive the source and its sessions. Kind config when there is no path. Its sessions
/// can share a snapshot: see SharedInstants for how, and for how long.
Result<std::unique_ptr<Source>> make_sqlite_source(const config::Source& config, const base::Clock& clock);

}  // namespace rivet::source::sqlite
