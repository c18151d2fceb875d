// SPDX-License-Identifier: Apache-2.0
// The one place that spells the program's version.
#pragma once

#include <string_view>

namespace rivet::base {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace rivet::base
