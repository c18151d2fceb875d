// SPDX-License-Identifier: Apache-2.0
// Runs of graphs as operators look at them: text for people, JSON for scripts.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cascade/dispatch.hpp"
#include "cascade/reconcilers.hpp"
#include "cascade/records.hpp"
#include "report/terminal.hpp"
#include "state/store.hpp"

namespace rivet::report {

/// A time of the store, as RFC 3339.
nlohmann::ordered_json time_json(const std::optional<cascade::Micros>& at);
/// `12.0s`; never negative.
std::string span_text(cascade::Micros from, cascade::Micros to);
/// `namespace 'shop', site=a`, or `everything`.
std::string scope_text(const std::string& name_space, const cascade::Tags& tags);
/// The outcome of a node that has ended, else its phase.
std::string_view condition_of(const cascade::NodeRecord& node);

/// Runs, who works, and what nobody serves.
struct CascadeOverview {
  cascade::Micros now = 0;
  std::vector<cascade::RunTally> runs;
  std::vector<cascade::WorkerRecord> workers;                ///< seen lately
  std::map<std::string, std::vector<std::string>> unserved;  ///< nodes by run
  bool open_only = true;                                     ///< what `runs` are
};

std::string overview_text(const CascadeOverview& overview);
nlohmann::ordered_json overview_json(const CascadeOverview& overview);

/// A node's group with its edges.
struct CascadeGroup {
  cascade::GroupRecord group;
  std::vector<cascade::EdgeRecord> edges;
};

/// A run with its nodes.
struct CascadeRun {
  cascade::RunRecord run;
  std::vector<cascade::NodeRecord> nodes;              ///< by number, which is in the order of the graph
  std::set<cascade::StoredNode> unserved;              ///< runnable, and no worker serves them
  std::map<cascade::StoredNode, CascadeGroup> groups;  ///< for a tree; else empty
};

/// What there is to say of the run as a whole.
std::string run_heading(const CascadeRun& run);
/// The same, and a line a node.
std::string run_text(const CascadeRun& run);
/// The same, and the nodes from roots to leaves. What has several upstreams stands in full under the first of them and
/// is referred to after.
std::string tree_text(const CascadeRun& run, const Style& style);
/// `depends_on` of the nodes is there when the groups are.
nlohmann::ordered_json run_json(const CascadeRun& run);

/// A node that somebody works on.
struct HeldNode {
  cascade::NodeRecord node;
  std::vector<std::pair<std::string, state::UnitView>> units;  ///< in progress, with the run of the export
};

std::string leases_text(const std::vector<HeldNode>& held, cascade::Micros now);
nlohmann::ordered_json leases_json(const std::vector<HeldNode>& held, cascade::Micros now);

/// One line, with its newline.
std::string happening_text(const cascade::Happening& happening);
nlohmann::ordered_json happening_json(const cascade::Happening& happening);

/// What an audit came to.
struct Audited {
  struct Entry {
    cascade::Finding finding;
    bool repaired = false;
  };
  std::int64_t scanned = 0;
  bool repairs = false;                ///< whether it was asked to
  std::vector<Entry> findings;         ///< of the first look
  std::vector<cascade::Finding> left;  ///< of the look after the repair
};

std::string audit_text(const Audited& audited, const Style& style);
nlohmann::ordered_json audit_json(const Audited& audited);

/// One line, with its newline.
std::string tick_text(const cascade::TickReport& tick);
nlohmann::ordered_json tick_json(const cascade::TickReport& tick);
/// One line, with its newline.
std::string sweep_text(const cascade::Dispatched& done);
/// Exactly the keys scanned, reconciled, noop, filtered, errors.
nlohmann::ordered_json sweep_json(const cascade::Dispatched& done);

}  // namespace rivet::report
