// SPDX-License-Identifier: Apache-2.0
// Named points of the pipeline at which a test may kill or pause the process.
#pragma once

#include <string_view>

namespace rivet::base {

/// Announces that the pipeline has reached `name`. Does nothing unless the environment asks:
/// - `RIVET_TEST_PANIC_AT=name[:n]` kills the process with SIGKILL at the n-th pass (default first);
/// - `RIVET_TEST_PAUSE_AT=name=FILE` creates FILE.reached and waits until FILE exists.
/// Any thread may call it.
void fault_point(std::string_view name);

}  // namespace rivet::base
