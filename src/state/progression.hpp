// SPDX-License-Identifier: Apache-2.0
// The order of cursor texts, for boundaries that never go backwards.
#pragma once

#include <string_view>

namespace rivet::state {

/// Whether cursor `a` lies before cursor `b`: as numbers when both are plain decimal numbers of any length, value by
/// value when both are JSON arrays of texts (model::display_cursor() of composite keys), else byte by byte.
bool cursor_before(std::string_view a, std::string_view b);

}  // namespace rivet::state
