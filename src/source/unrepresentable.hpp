// SPDX-License-Identifier: Apache-2.0
// The code of errors about one value.
#pragma once

namespace rivet::source {

/// The source has a value that the type agreed on for its column cannot hold. Kind permanent; the message names column,
/// row and value.
inline constexpr const char* kUnrepresentable = "RIVET_VALUE_UNREPRESENTABLE";

}  // namespace rivet::source
