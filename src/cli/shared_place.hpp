// SPDX-License-Identifier: Apache-2.0
// A local folder that several machines write to must be one folder.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "cascade/store.hpp"

namespace rivet::cli {

/// Name of the file whose content tells whether two machines see the same folder.
inline constexpr const char* kProbeFile = ".rivet_probe";

/// Makes sure that `folder` of this host is the folder that the first host used, by a file that the first leaves in it.
/// Kind config, code RIVET_DESTINATION_NOT_SHARED, when it is another. The folder is made when there is none.
Result<void> require_shared_place(cascade::Store& store, const std::filesystem::path& folder, const std::string& host);

}  // namespace rivet::cli
