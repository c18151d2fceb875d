// SPDX-License-Identifier: Apache-2.0
// From events to those who wait for them. Whatever dies in between leaves events pending, and doing it again is
// harmless: who dispatches is not written down anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cascade/store.hpp"

namespace rivet::cascade {

/// What came of a number of events.
struct Dispatched {
  std::int64_t scanned = 0;     ///< events that were looked at
  std::int64_t reconciled = 0;  ///< events that are closed by this
  std::int64_t noop = 0;        ///< events that others closed meanwhile
  std::int64_t filtered = 0;    ///< events of others, left alone
  std::int64_t errors = 0;      ///< events that stay pending because of an error
  std::int64_t edges = 0, decisions = 0;
  std::optional<Micros> oldest_at;  ///< of a sweep: when the first event that it took came about
  std::string last_error;

  Dispatched& operator+=(const Dispatched& other);
};

/// One sweep: tells all who wait for the pending events of the scope, grouped by who waits, and closes the events; then
/// those of nodes that were skipped thereby, up to `which.limit` events. In one transaction where few wait; else some
/// hundred of them at a time. Events that could not be dispatched are put off and counted; errors of the sweep itself
/// are returned.
Result<Dispatched> sweep(Store& store, const SweepScope& which);

/// Ends an active node in that epoch and tells all who wait for it, and for those that are skipped because of it; in
/// one transaction where it can be. False, and nothing is told, when the node is somebody else's by now. What could not
/// be told waits for a sweep.
Result<bool> finish(Store& store, StoredNode node, std::int64_t epoch, Outcome outcome, const std::string& reason);

/// Dispatches the events of nodes that have just ended, and what follows from these. At most `limit` events: the rest
/// is for a sweep.
Result<Dispatched> follow(Store& store, std::vector<StoredNode> ended, int limit = 256);

}  // namespace rivet::cascade
