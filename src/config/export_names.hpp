// SPDX-License-Identifier: Apache-2.0
// The names of a file's exports, for completion while the rest of the file may be wrong or out of reach.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace rivet::config {

/// In the order of the file. Nothing that the file points to is read and no variable is looked up; names with `${...}`
/// are left out, and a file that cannot be read has none.
std::vector<std::string> export_names(const std::filesystem::path& file);

}  // namespace rivet::config
