// SPDX-License-Identifier: Apache-2.0
// Who waits for whom: `depends_on`, `gates`, and the keys that say where an export belongs.
#pragma once

#include "config/config.hpp"
#include "config/context.hpp"
#include "config/document.hpp"
#include "config/section.hpp"

namespace rivet::config {

/// Reads `depends_on` of an export or a gate; empty when it waits for nobody or the key is wrong.
std::optional<cascade::Dependencies> read_depends_on(Section& section);

/// Reads `namespace` and `tags`.
Placement read_placement(Section& section);

/// Reads `gates` of the top level; `whole` is its placement.
std::vector<Gate> read_gates(Section& root, const Placement& whole);

/// `own` laid over that of the file.
Placement merge(const Placement& whole, Placement own);

/// Reports names that do not exist, cycles, quorums that cannot be, and gates on manifests that there will never be,
/// unless names are missing or not distinct. `tree` is that of the file.
void check_order(const Config& config, const Node& tree, Problems& problems);

}  // namespace rivet::config
