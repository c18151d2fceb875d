// SPDX-License-Identifier: Apache-2.0
// `${NAME}` in the values of a configuration file.
#pragma once

#include "config/document.hpp"
#include "config/load.hpp"
#include "config/problems.hpp"

#include <string_view>

namespace rivet::config {

/// Replaces `${NAME}` in every scalar value below `root` by the parameter of that name, else by the environment
/// variable. Keys are left alone, inserted text is not scanned again, `${}` stands for nothing. A name that
/// nobody knows and a value with a NUL byte or broken UTF-8 are problems; a parameter that is never used is a warning.
/// `raw` is the file's text, for the line of a name within a long value.
void substitute(Node& root, std::string_view raw, const LoadOptions& options, Problems& problems);

}  // namespace rivet::config
