// SPDX-License-Identifier: Apache-2.0
// Why a node is where it is, and what to do about it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cascade/records.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// A node with all that it waits for and all that was done about it.
struct NodeStory {
  struct Upstream {
    cascade::EdgeRecord edge;
    cascade::NodeRecord node;
  };

  cascade::Micros now = 0;
  cascade::RunRecord run;
  cascade::NodeRecord node;
  std::optional<cascade::GroupRecord> group;
  std::vector<Upstream> upstreams;
  std::vector<cascade::AttemptRecord> attempts;
  std::vector<std::string> unaware;            ///< who waits for it and has not heard of its end
  std::vector<cascade::WorkerRecord> serving;  ///< seen lately, and would take it
};

/// In plain sentences: what the node waits for, or how it ended; and the next step, when there is one.
struct Explanation {
  std::vector<std::string> says;
  std::string next;
};

Explanation explain(const NodeStory& story);

std::string why_text(const NodeStory& story, const Style& style);
nlohmann::ordered_json why_json(const NodeStory& story);

}  // namespace rivet::report
