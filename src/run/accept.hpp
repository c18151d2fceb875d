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

/// Holds the plan's columns against those of the last published run. `change` is how they differ, empty when they do
/// not; it is set also when that is refused. Kind drift when the export says `on_schema_drift: fail`, and when the
/// cursor cannot be followed any more.
Result<void> accept_schema(state::StateStore& store, const config::Export& entry, const model::Plan& plan,
                           std::optional<model::journal::SchemaChanged>& change);

/// `the schema changed since the last run: ...`
std::string schema_message(const model::journal::SchemaChanged& change);

/// Kind config when the file format has no place for one of the columns.
Result<void> require_writable_columns(const format::Format& format, const model::Columns& columns);

/// One manifest lists parts of one format: those of a run that adds to others are read with theirs. Kind config,
/// RIVET_APPEND_FORMAT_CHANGED.
Result<void> require_same_format(state::StateStore& store, const model::Plan& plan);

}  // namespace rivet::run
