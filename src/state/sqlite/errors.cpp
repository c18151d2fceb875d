// SPDX-License-Identifier: Apache-2.0
// SQLite result codes as error kinds that callers can act on.
#include "state/sqlite/errors.hpp"

#include <sqlite3.h>

#include <array>

#include <fmt/format.h>

namespace rivet::state::sqlite {
namespace {

using base::ErrorKind;

struct Meaning {
  int code;
  std::string_view name;
  ErrorKind kind;
  std::string_view what;
  std::string_view hint;
};

constexpr std::string_view kMakeWritable = "make the file and its directory writable for this user";
constexpr std::string_view kDamaged =
    "restore a copy of the file, or move it away to begin with an empty store; what is at the destinations stays as it "
    "is";

constexpr std::array<Meaning, 12> kMeanings{{
    {SQLITE_BUSY, "SQLITE_BUSY", ErrorKind::unavailable, "is locked by another process",
     "try again when the other command has ended"},
    {SQLITE_LOCKED, "SQLITE_LOCKED", ErrorKind::unavailable, "is locked", "try again when the other command has ended"},
    {SQLITE_CORRUPT, "SQLITE_CORRUPT", ErrorKind::data, "is damaged", kDamaged},
    {SQLITE_NOTADB, "SQLITE_NOTADB", ErrorKind::data, "is not a database", kDamaged},
    {SQLITE_READONLY, "SQLITE_READONLY", ErrorKind::permanent, "cannot be written", kMakeWritable},
    {SQLITE_CANTOPEN, "SQLITE_CANTOPEN", ErrorKind::permanent, "cannot be opened", kMakeWritable},
    {SQLITE_PERM, "SQLITE_PERM", ErrorKind::permanent, "cannot be opened", kMakeWritable},
    {SQLITE_AUTH, "SQLITE_AUTH", ErrorKind::permanent, "cannot be opened", kMakeWritable},
    {SQLITE_FULL, "SQLITE_FULL", ErrorKind::permanent, "cannot grow: the disk is full", "free some space"},
    {SQLITE_IOERR, "SQLITE_IOERR", ErrorKind::permanent, "cannot be read or written", "look at the disk it lies on"},
    {SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT", ErrorKind::conflict, "refuses a change", ""},
    {SQLITE_TOOBIG, "SQLITE_TOOBIG", ErrorKind::data, "cannot hold a value of this size", ""},
}};

}  // namespace

base::Error error_of(int code, const std::string& path, std::string_view detail) {
  for (const auto& meaning : kMeanings) {
    if (meaning.code != (code & 0xff)) continue;
    return {.kind = meaning.kind,
            .message = fmt::format("the state store {} {} ({})", path, meaning.what, detail),
            .hint = std::string(meaning.hint),
            .vendor_code = std::string(meaning.name)};
  }
  return {.kind = ErrorKind::internal,
          .message = fmt::format("the state store {} failed: {}", path, detail),
          .vendor_code = fmt::format("SQLITE {}", code)};
}

}  // namespace rivet::state::sqlite
