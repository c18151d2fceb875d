// SPDX-License-Identifier: Apache-2.0
// The summary cards that end a run, as text for people.
#pragma once

#include <string>

#include "report/aggregate.hpp"
#include "report/outcome.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// Where things are, for the last lines of a card.
struct CardPlaces {
  std::string config;  ///< as the user wrote it
  std::string state;   ///< location of the state store
};

/// The block of a command with one export.
std::string run_card(const RunOutcome& outcome, const CardPlaces& places, const Style& style);

/// One export among several: a line, and under it what the user should know (warnings, error, how to resume).
std::string run_line(const RunOutcome& outcome, const Style& style);

/// The totals of a command with several exports.
std::string totals_card(const Aggregate& aggregate, const CardPlaces& places, const Style& style);

}  // namespace rivet::report
