// SPDX-License-Identifier: Apache-2.0
// A configuration as the payload of a cascade's run: what a worker needs on a machine that never saw the file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "cli/context.hpp"
#include "config/config.hpp"
#include "config/definition.hpp"

namespace rivet::cli {

/// All exports and gates of a configuration, without credentials, and how they are to be run.
struct Payload {
  config::Definition definition;
  bool needs_file = false;          ///< the source's password stood in the file
  std::filesystem::path directory;  ///< in which it was submitted: relative destinations are meant from there
  bool validate = false, reconcile = false;
};

Payload payload_of(const config::Config& config, std::filesystem::path directory);

std::string to_json_text(const Payload& payload);
/// Kind data for what no submission wrote.
Result<Payload> payload_from_json_text(std::string_view text);

/// The configuration of a payload on this machine: credentials are looked up here, and relative destinations are those
/// of the submission. Errors as of config::load_definition().
Result<config::Config> load_payload(const Payload& payload, base::Redactor& redactor);

}  // namespace rivet::cli
