// SPDX-License-Identifier: Apache-2.0
// How much memory this process has had at most.
#pragma once

#include <cstdint>

namespace rivet::base {

/// Peak resident set in MiB since this program began, without what the process that started it had; 0 when the system
/// does not tell. Source: VmHWM of proc(5). Any thread may call it.
std::int64_t peak_rss_mb();

}  // namespace rivet::base
