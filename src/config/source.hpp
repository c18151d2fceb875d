// SPDX-License-Identifier: Apache-2.0
// The `source:` block.
#pragma once

#include "config/config.hpp"
#include "config/context.hpp"
#include "config/section.hpp"
#include "config/tuning.hpp"

namespace rivet::config {

/// The source and the tuning its exports start from.
struct SourceBlock {
  Source source;
  TuningBlock tuning;
};

/// Reads `source:`, resolving files and variables it points to. Credentials go to the redactor first.
SourceBlock read_source(Section& section, Context& context);

}  // namespace rivet::config
