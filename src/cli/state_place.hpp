// SPDX-License-Identifier: Apache-2.0
// Where the state of a command lies: in a file beside the configuration, or at a URL.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/redact.hpp"
#include "base/result.hpp"

namespace rivet::cli {

/// A URL of a state store, taken apart.
struct StateUrl {
  std::vector<std::pair<std::string, std::string>> params;  ///< libpq keywords and values
  std::string schema;                                       ///< that holds the tables
  std::string location;                                     ///< the URL without its credentials
  std::vector<std::string> secrets;
};

/// Either of the two.
struct StatePlace {
  std::filesystem::path file;  ///< unless there is a URL
  std::optional<StateUrl> url;

  std::string location() const { return url ? url->location : file.string(); }
};

/// `postgresql://user:password@host:port/database?schema=NAME`; the schema is `rivet` unless it is named. Kind config
/// for another engine, and for a host that is not this machine without an `sslmode`. The error never holds a piece of
/// the URL.
Result<StateUrl> parse_state_url(std::string_view url);

/// Whether RIVET_STATE_URL names a store.
bool has_state_url();

/// What RIVET_STATE_URL names, else the file in the folder.
Result<StatePlace> state_place(const std::filesystem::path& config_folder);

/// Of a command that needs no configuration: as RIVET_STATE_URL says, else beside `config_file`, else in the working
/// directory, if there is a state file there. Kind config when none of these names a place.
Result<StatePlace> state_place_of(const std::string& config_file);

/// Where hints of the cascade are listened for: RIVET_STATE_LISTEN_URL, which must lead to the same database without a
/// pooler, or else `place`; nothing for a file. The schema is that of `place`.
Result<std::optional<StateUrl>> hint_place(const StatePlace& place);

/// What a command line names: a URL, a folder that holds a state file, a configuration in such a folder, or the file.
Result<StatePlace> named_state_place(const std::string& text);

/// Remembers the credentials of RIVET_STATE_URL and RIVET_STATE_LISTEN_URL.
void remember_state_url(base::Redactor& redactor);

}  // namespace rivet::cli
