// SPDX-License-Identifier: Apache-2.0
// Groups by child, because each child costs a transaction's worth of locks and each event a commit.
#include "cascade/dispatch.hpp"

#include <algorithm>
#include <span>

#include "base/fault_point.hpp"

namespace rivet::cascade {
namespace {

constexpr std::size_t kGroupsAtOnce = 256;

std::vector<StoredNode> nodes_of(const std::vector<OutboxEvent>& events) {
  std::vector<StoredNode> nodes;
  for (const auto& event : events) nodes.push_back(event.node_id);
  return nodes;
}

void add(const Advanced& hop, Dispatched& done, std::vector<StoredNode>& ended) {
  done.edges += hop.marked;
  done.decisions += hop.decided;
  ended.insert(ended.end(), hop.ended.begin(), hop.ended.end());
}

Result<void> advance_all(Store& store, const std::vector<StoredNode>& ups, Dispatched& done,
                         std::vector<StoredNode>& ended) {
  const auto downs = TRY(store.unaware_of(ups));
  for (std::size_t at = 0; at < downs.size(); at += kGroupsAtOnce) {
    base::fault_point("before_advance");
    const auto some = std::span(downs).subspan(at, std::min(kGroupsAtOnce, downs.size() - at));
    add(TRY(store.advance({some.begin(), some.end()}, ups)), done, ended);
    base::fault_point("advanced");
  }
  return {};
}

/// One transaction told of so many events.
void count(std::int64_t scanned, const Told& told, Dispatched& done, std::vector<StoredNode>& ended) {
  done.scanned += scanned;
  done.reconciled += told.closed;
  done.noop += std::max<std::int64_t>(scanned - told.closed, 0);
  add(told.hop, done, ended);
}

/// Where few wait, all of it at once; else the events are closed last. How many.
Result<std::int64_t> advance_and_close(Store& store, const std::vector<OutboxEvent>& events, Dispatched& done,
                                       std::vector<StoredNode>& ended) {
  const auto nodes = nodes_of(events);
  base::fault_point("before_tell");
  if (const auto told = TRY(store.tell(nodes, kGroupsAtOnce))) {
    base::fault_point("told");
    add(told->hop, done, ended);
    return told->closed;
  }
  TRY(advance_all(store, nodes, done, ended));
  base::fault_point("before_close");
  const auto closed = TRY(store.close(events));
  base::fault_point("event_closed");
  return closed;
}

Dispatched dispatch_each(Store& store, const std::vector<OutboxEvent>& events, std::vector<StoredNode>& ended);

Dispatched dispatch_and_collect(Store& store, const std::vector<OutboxEvent>& events, std::vector<StoredNode>& ended) {
  Dispatched done{.scanned = std::ssize(events)};
  if (events.empty()) return done;
  const auto closed = advance_and_close(store, events, done, ended);
  if (closed) {
    done.reconciled = *closed;
    done.noop = done.scanned - *closed;
    return done;
  }
  if (events.size() > 1 && closed.error().kind != ErrorKind::unavailable) return dispatch_each(store, events, ended);
  done.errors = done.scanned;
  done.last_error = closed.error().to_string();
  store.put_off(events, done.last_error).ignore("the mark of who took them expires anyway");
  return done;
}

/// One by one, so that an event that cannot be dispatched holds no other up.
Dispatched dispatch_each(Store& store, const std::vector<OutboxEvent>& events, std::vector<StoredNode>& ended) {
  Dispatched done;
  for (const auto& event : events) done += dispatch_and_collect(store, {event}, ended);
  return done;
}

/// With a mark at each event that somebody takes care of it, which expires by itself: for what takes more than one
/// transaction, or fails.
Result<Dispatched> take_and_dispatch(Store& store, const SweepScope& which, std::vector<StoredNode>& ended) {
  const auto taken = TRY(store.take_events(which));
  auto done = dispatch_and_collect(store, taken.events, ended);
  done.filtered = taken.filtered;
  if (!taken.events.empty()) done.oldest_at = taken.events.front().committed_at;
  return done;
}

/// REQUIRES: `done.scanned` events were looked at so far.
Result<void> follow_on(Store& store, std::vector<StoredNode> ended, int limit, Dispatched& done) {
  while (!ended.empty() && done.scanned < limit && done.errors == 0) {
    if (std::ssize(ended) > limit - done.scanned) ended.resize(static_cast<std::size_t>(limit - done.scanned));
    base::fault_point("before_tell");
    const auto told = store.tell(ended, kGroupsAtOnce);
    base::fault_point("told");
    if (told && *told) {
      const auto scanned = std::ssize(ended);
      ended.clear();
      count(scanned, **told, done, ended);
      continue;
    }
    const auto events = TRY(store.events_of(ended));
    ended.clear();
    done += dispatch_and_collect(store, events, ended);
  }
  return {};
}

}  // namespace

Dispatched& Dispatched::operator+=(const Dispatched& other) {
  scanned += other.scanned;
  reconciled += other.reconciled;
  noop += other.noop;
  filtered += other.filtered;
  errors += other.errors;
  edges += other.edges;
  decisions += other.decisions;
  if (!other.last_error.empty()) last_error = other.last_error;
  return *this;
}

Result<Dispatched> sweep(Store& store, const SweepScope& which) {
  Dispatched done;
  std::vector<StoredNode> ended;
  base::fault_point("before_tell");
  const auto swept = store.sweep(which, kGroupsAtOnce);
  base::fault_point("told");
  if (swept && *swept) {
    done.filtered = (*swept)->filtered;
    done.oldest_at = (*swept)->oldest_at;
    count((*swept)->scanned, (*swept)->told, done, ended);
  } else {
    done = TRY(take_and_dispatch(store, which, ended));
  }
  TRY(follow_on(store, std::move(ended), which.limit, done));
  return done;
}

Result<bool> finish(Store& store, StoredNode node, std::int64_t epoch, Outcome outcome, const std::string& reason) {
  const auto at_once = store.finish_and_tell(node, epoch, outcome, reason, kGroupsAtOnce);
  std::vector<StoredNode> untold{node};
  if (at_once && *at_once) {
    if (!(*at_once)->accepted) return false;
    untold = (*at_once)->told.hop.ended;
  } else if (!TRY(store.finish(node, epoch, outcome, reason))) {
    return false;
  }
  base::fault_point("node_finished");
  follow(store, std::move(untold)).ignore("a reconciler dispatches what stays pending");
  return true;
}

Result<Dispatched> follow(Store& store, std::vector<StoredNode> ended, int limit) {
  Dispatched done;
  TRY(follow_on(store, std::move(ended), limit, done));
  return done;
}

}  // namespace rivet::cascade
