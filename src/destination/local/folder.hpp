// SPDX-License-Identifier: Apache-2.0
// Folders and names on a local file system, changed so that a power failure cannot undo what was reported as done.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace rivet::destination::local {

/// Ends the name of every file that is not finished; the name begins with a dot.
inline constexpr std::string_view kUnfinishedSuffix = ".rivet-part";

/// `.<name>.rivet-part` beside the file it is to become.
std::filesystem::path unfinished_path(const std::filesystem::path& file);
/// The name an unfinished file was to get; empty when `file_name` is not one.
std::string_view finished_name(std::string_view file_name);

/// Creates the folder and those above it, each made durable. It is no error when they are there.
Result<void> make_folders(const std::filesystem::path& folder);
/// Makes the folder's entries durable.
Result<void> sync_folder(const std::filesystem::path& folder);
/// Renames a file in one step. Kind conflict when `to` exists, which is kept. Neither folder is made durable.
Result<void> rename_new(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace rivet::destination::local
