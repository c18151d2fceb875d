// SPDX-License-Identifier: Apache-2.0
// Which names an object may have, so that no key can leave its prefix.
#pragma once

#include "destination/destination.hpp"

namespace rivet::destination {

/// Refuses (kind config) an empty key, an absolute one, one with a NUL byte and one with an empty, `.` or `..`
/// component. Everything else, quotes and newlines included, is a name.
Result<void> check_key(const ObjectKey& key);

}  // namespace rivet::destination
