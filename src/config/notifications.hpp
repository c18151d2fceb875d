// SPDX-License-Identifier: Apache-2.0
// The `notifications:` block.
#pragma once

#include "config/config.hpp"
#include "config/context.hpp"
#include "config/section.hpp"

namespace rivet::config {

/// Reads `notifications:` of the top level, resolving the variables it points to. URLs and the values of headers that
/// hold credentials go to the redactor first.
Notifications read_notifications(Section& root, Context& context);

}  // namespace rivet::config
