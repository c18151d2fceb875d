// SPDX-License-Identifier: Apache-2.0
// The exports and gates of one command: whose turn it is, whose it never will be, and why.
#pragma once

#include <string>
#include <vector>

#include "cascade/memory_cascade.hpp"
#include "report/outcome.hpp"

namespace rivet::run {

/// A cascade that is kept settled. Not thread safe: who works the command off takes turns with it.
class Agenda {
 public:
  /// What is to be done about a node now.
  enum class Turn {
    wait,      ///< for others
    begin,     ///< it may run
    leave_out  ///< it will not run: why_left_out()
  };

  explicit Agenda(cascade::Graph graph) : cascade_(std::move(graph)) {}
  /// So many nodes that wait for nobody.
  static Agenda of_independent(std::size_t count);

  const cascade::Graph& graph() const { return cascade_.graph(); }
  /// REQUIRES: begin() was not called for it.
  Turn turn_of(cascade::NodeId id) const;
  /// REQUIRES: its turn is begin.
  void begin(cascade::NodeId id) { cascade_.start(id); }
  /// It has run. Those that run and are to stop, because enough others have succeeded without them.
  std::vector<cascade::NodeId> end(cascade::NodeId id, cascade::Outcome outcome);
  /// For people: which upstream ended how, or who can do without it. REQUIRES: it was left out or is to stop.
  std::string why_left_out(cascade::NodeId id) const;

 private:
  std::string why_skipped(cascade::NodeId id) const;
  std::string why_cancelled(cascade::NodeId id) const;

  cascade::MemoryCascade cascade_;
};

/// How a node ended whose runs came to this: success unless one of them failed, was interrupted or was not needed. A
/// run that found nothing to do has done what was asked of it.
cascade::Outcome outcome_of(const std::vector<report::RunOutcome>& outcomes);

/// Makes of a run that was stopped because of `why` one that was not needed; of any other, nothing.
void excuse_when_stopped(report::RunOutcome& outcome, const std::string& why);

}  // namespace rivet::run
