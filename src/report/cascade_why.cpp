// SPDX-License-Identifier: Apache-2.0
// One explanation for people and scripts; around it the facts that it is drawn from.
#include "report/cascade_why.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "report/cascade.hpp"
#include "report/labels.hpp"

namespace rivet::report {
namespace {

using namespace cascade;
using Json = nlohmann::ordered_json;

constexpr int kLabelColumns = 14;
constexpr std::size_t kNamesTold = 5;

/// `'a', 'b' and 3 more`.
std::string told(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesTold); ++i) {
    text += fmt::format("{}'{}'", i == 0 ? "" : i + 1 == names.size() ? " and " : ", ", names[i]);
  }
  if (names.size() > kNamesTold) text += fmt::format(" and {} more", names.size() - kNamesTold);
  return text;
}

std::string needs_text(const GroupRecord& group) {
  const auto n = group.counters.n;
  if (n == 1) return "It must succeed.";
  const auto of_all = group.kind == PolicyKind::all_of ? fmt::format("All {}", n) : fmt::format("{} of {}", group.k, n);
  return fmt::format("{} must succeed, and {} did so far.", of_all, group.counters.success);
}

std::string supervisor_step() {
  return "`rivet supervise` or a worker does that; `rivet cascade reconcile --once` does it now";
}

std::string worker_step(const NodeRecord& node) {
  std::string step = "start one: rivet worker";
  if (!node.name_space.empty()) step += " --namespace " + node.name_space;
  for (const auto& [key, value] : node.tags) step += fmt::format(" --tag {}={}", key, value);
  return step;
}

/// Upstreams that were not counted: those that have not ended, those that have.
std::pair<std::vector<std::string>, std::vector<std::string>> open_upstreams(const NodeStory& story) {
  std::vector<std::string> waiting, ended;
  for (const auto& [edge, node] : story.upstreams) {
    if (!edge.verdict) (node.phase == Phase::terminal ? ended : waiting).push_back(edge.up_name);
  }
  return {std::move(waiting), std::move(ended)};
}

void explain_waiting(const NodeStory& story, Explanation& out) {
  const auto [waiting, ended] = open_upstreams(story);
  if (!waiting.empty()) {
    out.says.push_back(fmt::format("It waits for {} to end. {}", told(waiting), needs_text(*story.group)));
    out.next = fmt::format("rivet why {} {}", story.run.run_id, waiting.front());
  }
  if (!ended.empty()) {
    out.says.push_back(fmt::format("{} ended, and that was not passed on yet.", told(ended)));
    out.next = supervisor_step();
  }
}

void explain_blocked(const NodeStory& story, Explanation& out) {
  if (story.group && story.group->state == GroupState::pending && !story.upstreams.empty()) {
    explain_waiting(story, out);
    if (!out.says.empty()) return;
  }
  out.says.emplace_back("Nothing is left to wait for, and yet it was not let go.");
  out.next = fmt::format("rivet audit {} --repair", story.run.run_id);
}

void explain_runnable(const NodeStory& story, Explanation& out) {
  const auto& node = story.node;
  const bool waits = node.not_before && *node.not_before > story.now;
  if (story.run.paused) {
    out.says.push_back("It could begin, but its run is paused.");
    out.next = fmt::format("rivet resume {}", story.run.run_id);
  } else if (story.serving.empty()) {
    out.says.push_back(
        fmt::format("It could begin, but no worker that was seen lately serves {}.",
                    node.name_space.empty() && node.tags.empty() ? "it" : scope_text(node.name_space, node.tags)));
    out.next = worker_step(node);
  } else if (!waits) {
    std::vector<std::string> names;
    for (const auto& worker : story.serving) names.push_back(worker.worker_id);
    out.says.push_back(fmt::format("It can begin as soon as a worker has a free slot; {} would take it.", told(names)));
  }
  if (waits) {
    out.says.push_back(fmt::format("It is tried again in {}: attempt {} of {}.", span_text(story.now, *node.not_before),
                                   node.attempts + 1, node.max_attempts));
  }
  if (node.attempts > 0 && !node.reason.empty()) out.says.push_back(fmt::format("Last time: {}.", node.reason));
}

void explain_active(const NodeStory& story, Explanation& out) {
  const auto& node = story.node;
  out.says.push_back(fmt::format("{} works on it: attempt {} of {}.", node.owner, node.attempts, node.max_attempts));
  if (*node.lease_until < story.now) {
    out.says.push_back(fmt::format("Its lease ran out {} ago: the worker is not heard of, and another will get it.",
                                   span_text(*node.lease_until, story.now)));
    out.next = "`rivet supervise` takes it away from that worker; `rivet supervise --once --only R5` does it now";
  }
  if (node.cancel_requested_at) {
    out.says.push_back(fmt::format("It was asked to stop {} ago.", span_text(*node.cancel_requested_at, story.now)));
    if (out.next.empty()) {
      out.next = fmt::format("it stops by itself; rivet cancel {} --node {} --grace 0s does not wait for it",
                             node.run_id, node.name);
    }
  }
}

void explain_ended(const NodeStory& story, Explanation& out) {
  const auto& node = story.node;
  const auto outcome = node.outcome.value_or(Outcome::failed);
  out.says.push_back(outcome == Outcome::success || node.reason.empty()
                         ? fmt::format("It ended: {}.", name_of(outcome))
                         : fmt::format("It ended as {}: {}.", name_of(outcome), node.reason));
  if (!story.unaware.empty()) {
    out.says.push_back(fmt::format("{} wait for it and do not know yet.", told(story.unaware)));
    out.next = supervisor_step();
  } else if (outcome == Outcome::skipped) {
    out.next = fmt::format("rivet retry {} --failed runs again what failed, and this after it", node.run_id);
  } else if (outcome != Outcome::success) {
    out.next = fmt::format("rivet retry {} --node {}", node.run_id, node.name);
  }
}

std::string verdict_text(const NodeStory::Upstream& upstream, Micros now) {
  const auto& [edge, node] = upstream;
  if (edge.verdict) {
    const auto* verdict = *edge.verdict == Verdict::success ? "counts for it" : "counts against it";
    if (edge.up_round < node.round) return fmt::format("{} (as it ended before its new round)", verdict);
    return fmt::format("{}: {}", verdict, condition_of(node));
  }
  auto text = fmt::format("open: {}", condition_of(node));
  if (!node.owner.empty()) text += fmt::format(", {} works on it", node.owner);
  if (node.not_before && *node.not_before > now) text += fmt::format(", again in {}", span_text(now, *node.not_before));
  return text;
}

std::string facts_text(const NodeStory& story) {
  const auto& node = story.node;
  std::string text;
  const auto add = [&](std::string_view label, std::string_view value) {
    text += labelled(label, value, kLabelColumns);
  };
  if (story.group) {
    const auto& counters = story.group->counters;
    add("waits for",
        fmt::format("{} of {} ({}), {} for and {} against, {}", story.group->k, counters.n, name_of(story.group->kind),
                    counters.success, counters.negative, name_of(story.group->state)));
    add("left-overs", story.group->on_satisfied == OnSatisfied::let_run ? "run on" : "are stopped");
    for (const auto& upstream : story.upstreams) {
      text += fmt::format("    {}: {}\n", upstream.edge.up_name, verdict_text(upstream, story.now));
    }
  }
  add("whose", scope_text(node.name_space, node.tags));
  if (node.lease_until) {
    add("lease", fmt::format("{}, {} {}", node.owner, *node.lease_until < story.now ? "ran out" : "for another",
                             *node.lease_until < story.now ? span_text(*node.lease_until, story.now) + " ago"
                                                           : span_text(story.now, *node.lease_until)));
  }
  if (node.attempt_until) add("time limit", fmt::format("in {}", span_text(story.now, *node.attempt_until)));
  if (node.round > 0) add("round", fmt::format("{} (retried so often)", node.round));
  return text;
}

std::string attempt_text(const AttemptRecord& attempt, Micros now) {
  const auto took = span_text(attempt.started_at, attempt.ended_at.value_or(now));
  auto text = fmt::format("    {}{} by {}: {} after {}", attempt.attempt,
                          attempt.round > 0 ? fmt::format(" of round {}", attempt.round) : "", attempt.owner,
                          attempt.ended_at ? attempt.outcome : "running", took);
  if (!attempt.error.empty()) text += ": " + attempt.error;
  return fit(text, display_width(text)) + "\n";
}

Json group_json(const GroupRecord& group) {
  return {{"policy", name_of(group.kind)},
          {"k", group.k},
          {"n", group.counters.n},
          {"success", group.counters.success},
          {"negative", group.counters.negative},
          {"on_satisfied", name_of(group.on_satisfied)},
          {"state", name_of(group.state)},
          {"decided_at", time_json(group.decided_at)},
          {"cancel_pending", group.cancel_pending}};
}

Json upstream_json(const NodeStory::Upstream& upstream) {
  const auto& [edge, node] = upstream;
  Json verdict = nullptr;
  if (edge.verdict) verdict = *edge.verdict == Verdict::success ? "success" : "negative";
  return {{"name", edge.up_name},
          {"verdict", std::move(verdict)},
          {"phase", name_of(node.phase)},
          {"outcome", node.outcome ? Json(name_of(*node.outcome)) : Json(nullptr)},
          {"reason", node.reason}};
}

Json attempt_json(const AttemptRecord& attempt) {
  return {{"attempt", attempt.attempt},
          {"round", attempt.round},
          {"epoch", attempt.epoch},
          {"owner", attempt.owner},
          {"started_at", time_json(attempt.started_at)},
          {"ended_at", time_json(attempt.ended_at)},
          {"outcome", attempt.ended_at ? Json(attempt.outcome) : Json(nullptr)},
          {"error", attempt.error.empty() ? Json(nullptr) : Json(attempt.error)}};
}

}  // namespace

Explanation explain(const NodeStory& story) {
  Explanation out;
  switch (story.node.phase) {
    case Phase::blocked: explain_blocked(story, out); break;
    case Phase::runnable: explain_runnable(story, out); break;
    case Phase::active: explain_active(story, out); break;
    case Phase::terminal: explain_ended(story, out); break;
  }
  return out;
}

std::string why_text(const NodeStory& story, const Style& style) {
  const auto& node = story.node;
  const auto explanation = explain(story);
  auto text = fmt::format("{} {} of run {}: {}\n", node.kind == NodeKind::gate ? "Gate" : "Export",
                          style.strong(node.name), node.run_id, condition_of(node));
  for (const auto& sentence : explanation.says) text += fmt::format("  {}\n", fit(sentence, display_width(sentence)));
  if (!explanation.next.empty()) text += fmt::format("  next: {}\n", explanation.next);
  text += "\n" + facts_text(story);
  if (!story.attempts.empty()) text += "  attempts:\n";
  for (const auto& attempt : story.attempts) text += attempt_text(attempt, story.now);
  return text;
}

Json why_json(const NodeStory& story) {
  const auto& node = story.node;
  const auto explanation = explain(story);
  Json out{{"run_id", node.run_id},
           {"node", node.name},
           {"kind", name_of(node.kind)},
           {"phase", name_of(node.phase)},
           {"outcome", node.outcome ? Json(name_of(*node.outcome)) : Json(nullptr)},
           {"reason", node.reason},
           {"explanation", explanation.says},
           {"next", explanation.next.empty() ? Json(nullptr) : Json(explanation.next)},
           {"run_state", name_of(story.run.state)},
           {"paused", story.run.paused},
           {"unserved", node.phase == Phase::runnable && !story.run.paused && story.serving.empty()},
           {"round", node.round},
           {"attempts", node.attempts},
           {"max_attempts", node.max_attempts},
           {"owner", node.owner.empty() ? Json(nullptr) : Json(node.owner)},
           {"lease_until", time_json(node.lease_until)},
           {"attempt_until", time_json(node.attempt_until)},
           {"not_before", time_json(node.not_before)},
           {"cancel_requested_at", time_json(node.cancel_requested_at)},
           {"group", story.group ? group_json(*story.group) : Json(nullptr)}};
  out["upstreams"] = Json::array();
  for (const auto& upstream : story.upstreams) out["upstreams"].push_back(upstream_json(upstream));
  out["unaware"] = story.unaware;
  out["history"] = Json::array();
  for (const auto& attempt : story.attempts) out["history"].push_back(attempt_json(attempt));
  return out;
}

}  // namespace rivet::report
