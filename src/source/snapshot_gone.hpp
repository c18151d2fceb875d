// SPDX-License-Identifier: Apache-2.0
// The code of errors that only another run can mend.
#pragma once

namespace rivet::source {

/// A session was to see a shared instant that nothing holds any more. Kind unavailable: a new run can read, the units
/// of this one never again.
inline constexpr const char* kSnapshotGone = "RIVET_SNAPSHOT_GONE";

}  // namespace rivet::source
