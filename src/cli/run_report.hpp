// SPDX-License-Identifier: Apache-2.0
// What `rivet run` leaves behind besides data: cards, summaries, the aggregate row and the verdict.
#pragma once

#include <filesystem>
#include <string>

#include "cli/context.hpp"
#include "report/aggregate.hpp"
#include "state/store.hpp"

namespace rivet::cli {

/// Where the aggregate goes besides the screen.
struct RunReportOptions {
  std::size_t selected = 1;    ///< exports the command was to run: several get a card of totals
  bool json = false;           ///< to stdout
  std::string summary_output;  ///< to this file; empty: none
};

/// Adds what the numbers say to the outcome's warnings and writes its summary files. Failures become
/// warnings of the outcome: the data stands.
void complete_outcome(report::RunOutcome& outcome, const std::filesystem::path& config_folder, state::StateStore& store,
                      Context& context);

/// Prints the closing card, stores the aggregate and writes the JSON documents. Error kind permanent
/// when a document that was asked for cannot be written.
Result<void> report_runs(const report::Aggregate& aggregate, const RunReportOptions& options, state::StateStore& store,
                         Context& context);

/// The command's result: the error of the only failed export, one of the most stop-worthy kind over
/// several, cancelled when exports were left out after Ctrl-C; else success.
Result<void> verdict(const report::Aggregate& aggregate, std::size_t selected);

}  // namespace rivet::cli
