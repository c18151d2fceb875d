// SPDX-License-Identifier: Apache-2.0
// The keys of an export that say what its files look like and what must hold for them.
#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

namespace rivet::config {

/// Reads `format`, the compression keys, `parquet`, `max_file_size`, `meta_columns`, `columns`, `quality`,
/// `verify` and `on_schema_drift` into `entry`.
void read_output(Section& section, Export& entry);

}  // namespace rivet::config
