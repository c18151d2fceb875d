// SPDX-License-Identifier: Apache-2.0
// `mode` of an export and the keys that only some modes know.
#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

namespace rivet::config {

/// Reads `mode`, refusing what this program does not offer.
Mode read_mode(Section& section);

/// Reads the keys of all modes, reports those that do not fit `mode` or each other.
ModeKeys read_mode_keys(Section& section, Mode mode);

}  // namespace rivet::config
