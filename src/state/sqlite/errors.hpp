// SPDX-License-Identifier: Apache-2.0
// SQLite's result codes in the program's error vocabulary.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rivet::state::sqlite {

/// An error for an (extended) result code: unavailable when locked, data when the file is damaged or no database,
/// conflict for a constraint, permanent for the file system's refusals. `detail` is SQLite's message.
base::Error error_of(int code, const std::string& path, std::string_view detail);

}  // namespace rivet::state::sqlite
