// SPDX-License-Identifier: Apache-2.0
// From the arguments of `rivet init` to a source, and to how a configuration would name it.
#pragma once

#include <string>

#include "base/redact.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "config/scaffold.hpp"

namespace rivet::cli {

/// Exactly one of the first three is set.
struct SourceArguments {
  std::string url;       ///< or a SQLite file
  std::string variable;  ///< an environment variable that holds the URL
  std::string file;      ///< a file that holds the URL
  std::string tls_mode, tls_ca;
  std::string output;  ///< where the configuration will be, for relative paths; empty: in the working directory
};

struct InitSource {
  config::Source source;
  config::ScaffoldSource text;
};

/// Reads the URL wherever it is. Passwords go to the redactor and never into `text`. Error kind config.
Result<InitSource> find_source(const SourceArguments& args, base::Redactor& redactor);

}  // namespace rivet::cli
