// SPDX-License-Identifier: Apache-2.0
// Small report files appear whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace rivet::report {

/// Replaces the file atomically; missing folders are made. Error kind permanent, naming the path.
Result<void> write_file(const std::filesystem::path& path, std::string_view text);

/// As write_file, for a file that is there and not ours: it keeps its mode and, as far as the caller may give files
/// away, its owner. Nobody who may not read the old file can read the new one at any time.
Result<void> rewrite_file(const std::filesystem::path& path, std::string_view text);

/// Whether write_file would find a folder it may write to. Error kind config, naming the path.
Result<void> require_writable(const std::filesystem::path& path);

/// Writes all bytes to a descriptor. Error kind permanent (closed pipe, full disk).
Result<void> write_descriptor(int fd, std::string_view bytes);

}  // namespace rivet::report
