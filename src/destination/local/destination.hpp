// SPDX-License-Identifier: Apache-2.0
// A folder of this machine as a destination.
#pragma once

#include "destination/destination.hpp"

#include <filesystem>
#include <memory>

namespace rivet::destination {

/// The folder `root` (relative: to the working directory) and what lies below it. Nothing is created before the
/// first object is; a folder that is not there has no objects.
///
/// Unfinished objects are `.<name>.rivet-part` beside their final place. commit() is durable when it returns:
/// file synced, renamed without replacing, folder synced. list() leaves out names that begin with a dot.
/// Errors carry RIVET_DESTINATION_FULL or RIVET_DESTINATION_NOT_WRITABLE (kind permanent) where that is the cause.
std::unique_ptr<Destination> make_local_destination(const std::filesystem::path& root);

}  // namespace rivet::destination
