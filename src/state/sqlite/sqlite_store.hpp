// SPDX-License-Identifier: Apache-2.0
// The state store in one SQLite file, the embedded default.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "state/sql/connection.hpp"
#include "state/store.hpp"

namespace rivet::state::sqlite {

/// Opens the store in `path`, creating the file and its tables when there are none. Several processes may open one
/// file at once; each update is one transaction that is on disk when apply() returns. Any thread may call the store.
/// Kinds: config when the directory does not exist, permanent when the file cannot be opened or written, data when
/// it is no state store, damaged, or of a newer version, unavailable when it stays locked for 10 seconds.
Result<std::unique_ptr<StateStore>> open_sqlite_store(const std::filesystem::path& path);

/// What is in `path` now, or an empty store when there is no such file, in memory: for commands that only look. What is
/// applied to it is forgotten with it. The file stays as it is, whatever its version; a folder that cannot be written
/// will do. Kinds: permanent when it cannot be read, data when it is no state store, damaged, or of a newer version.
Result<std::unique_ptr<StateStore>> open_sqlite_copy(const std::filesystem::path& path);

/// The version of the tables in `path`, 0 when there is no such file or it is empty. Nothing is changed. Kinds as of
/// open_sqlite_copy().
Result<int> find_sqlite_version(const std::filesystem::path& path);

/// The connections under the two, for copying rows from store to store.
Result<std::unique_ptr<sql::Connection>> open_sqlite_connection(const std::filesystem::path& path);
Result<std::unique_ptr<sql::Connection>> open_sqlite_copy_connection(const std::filesystem::path& path);

}  // namespace rivet::state::sqlite
