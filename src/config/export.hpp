// SPDX-License-Identifier: Apache-2.0
// One entry of `exports:`.
#pragma once

#include "config/config.hpp"
#include "config/context.hpp"
#include "config/document.hpp"
#include "config/section.hpp"
#include "config/source.hpp"

namespace rivet::config {

/// Reads one entry of the list in `root`; its tuning lies over that of `source`. Problems go to the context's list.
Export read_export(Section& root, const Node& node, const SourceBlock& source, Context& context);

}  // namespace rivet::config
