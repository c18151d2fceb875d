// SPDX-License-Identifier: Apache-2.0
// Pieces of a configuration that are whole in themselves: parameters filled in, query files put in, no credentials.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/redact.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "config/document.hpp"
#include "config/load.hpp"

namespace rivet::config {

/// Exports, gates and their source, each as one JSON object with the keys of the configuration file.
struct Definition {
  std::string source;
  std::vector<std::string> exports;
  std::vector<std::string> gates = {};
  std::string notifications = {};  ///< empty: nobody is told
  std::filesystem::path file;      ///< the file it was taken from: paths in it are relative to its folder
};

/// `source:` as a definition. Passwords are left out, of a URL too; the names of variables and files that hold one
/// stay.
std::string define_source(const Node& node, const Source& source);

/// `notifications:` as a definition; empty when an address or a header stands in it, which may be a secret.
std::string define_notifications(const Node& node);

/// An entry of `exports:` as a definition.
std::string define_export(const Node& node, const Export& entry);

/// An entry of `gates:` as a definition.
std::string define_gate(const Node& node);

/// Whether the source's password stood in the file, so that its definition does not lead to it.
bool left_out_password(std::string_view source_definition, const Source& source);

/// The configuration of a definition, read and checked as a file would be; its exports and gates are the definition's,
/// in their order. What they depend on need not be among them.
/// Variables and files that hold credentials are looked up again. A password that stood in the file is taken from
/// there, when `needs_file` says that it did: kind config when the file is gone or names another source by now.
Result<Config> load_definition(const Definition& definition, bool needs_file, const LoadOptions& options,
                               base::Redactor& redactor);

}  // namespace rivet::config
