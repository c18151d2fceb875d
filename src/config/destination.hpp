// SPDX-License-Identifier: Apache-2.0
// The `destination:` block of an export.
#pragma once

#include "config/config.hpp"
#include "config/context.hpp"
#include "config/section.hpp"

namespace rivet::config {

/// Reads and checks `destination:`; an absent block is reported.
Destination read_destination(Section& parent, Context& context);

/// True when the path or prefix holds `{partition}`.
bool has_partition_token(const Destination& destination);

}  // namespace rivet::config
