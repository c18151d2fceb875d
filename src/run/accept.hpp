// SPDX-License-Identifier: Apache-2.0
// What a run refuses after it has looked at its source and before it begins; shared with the commands that only look.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "format/encoder.hpp"
#include "model/journal.hpp"
#include "model/plan.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// How the columns differ from those of the last published run; nothing when they do not. Kind drift when the cursor
/// cannot be followed any more.
Result<std::optional<model::journal::SchemaChanged>> compare_with_last_run(state::StateStore& store,
                                                                           const model::Plan& plan);

/// Kind drift when the export says `on_schema_drift: fail`.
Result<void> require_accepted(const config::Export& entry, const model::journal::SchemaChanged& change);

/// `the schema changed since the last run: ...`
std::string schema_message(const model::journal::SchemaChanged& change);

/// Kind config when the file format has no place for one of the columns.
Result<void> require_writable_columns(const format::Format& format, const model::Columns& columns);

/// One manifest lists parts of one format: those of a run that adds to others are read with theirs. Kind config,
/// RIVET_APPEND_FORMAT_CHANGED.
Result<void> require_same_format(state::StateStore& store, const model::Plan& plan);

}  // namespace rivet::run
