// SPDX-License-Identifier: Apache-2.0
// One name, one meaning, one sentence of help for each.
#include "cli/options.hpp"

#include <CLI/CLI.hpp>

namespace rivet::cli {
namespace {

constexpr int kMaxRows = 1'000'000;

}  // namespace

void add_config(CLI::App& command, std::string& file) {
  command.add_option("-c,--config", file, "Configuration file")->required();
}

void add_state_config(CLI::App& command, std::string& file) {
  command.add_option("-c,--config", file, "Configuration file; its folder holds the state")->required();
}

void add_state_place(CLI::App& command, std::string& file) {
  command.add_option("-c,--config", file,
                     "The configuration beside which the state lies, unless RIVET_STATE_URL is set");
}

void add_exports(CLI::App& command, std::vector<std::string>& names) {
  command.add_option("-e,--export", names, "Only this export (repeatable; default: all)")->allow_extra_args(false);
}

void add_no_deps(CLI::App& command, bool& no_deps) {
  command.add_flag("--no-deps", no_deps, "Run without regard to depends_on, and without looking at gates");
}

void add_params(CLI::App& command, std::vector<std::string>& params) {
  command.add_option("-p,--param", params, "KEY=VALUE for ${KEY} in the file (repeatable)")->allow_extra_args(false);
}

void add_report_options(CLI::App& command, std::string& format, std::string& output) {
  command.add_option("--format", format, "pretty or json")
      ->check(CLI::IsMember({"pretty", "json"}))
      ->capture_default_str();
  command.add_option("-o,--output", output, "Write the report to this file instead of stdout");
}

void add_limit(CLI::App& command, std::int64_t& limit, const std::string& what) {
  command.add_option("-l,--limit", limit, "At most so many " + what)
      ->check(CLI::Range(1, kMaxRows))
      ->capture_default_str();
}

}  // namespace rivet::cli
