// SPDX-License-Identifier: Apache-2.0
// Tables and lines; what stands in JSON under a name of the store means the same as there.
#include "report/cascade.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "report/json.hpp"
#include "report/table.hpp"

namespace rivet::report {
namespace {

using namespace cascade;
using Align = TextTable::Align;
using Json = nlohmann::ordered_json;

base::Timestamp stamp(Micros at) { return base::Timestamp(std::chrono::microseconds(at)); }

std::string state_text(const RunRecord& run) {
  auto text = std::string(name_of(run.state));
  if (run.state == RunState::open && run.cancel_requested_at) text += ", stopping";
  if (run.state == RunState::open && run.paused) text += ", paused";
  return text;
}

std::string number_or_dot(std::int64_t number) { return number == 0 ? "." : std::to_string(number); }

std::string runs_table(const CascadeOverview& overview) {
  TextTable table({{"RUN", Align::left, 24},
                   {"STATE", Align::left, 9},
                   {"WAITING", Align::right, 7},
                   {"RUNNABLE", Align::right, 8},
                   {"ACTIVE", Align::right, 6},
                   {"DONE", Align::right, 6},
                   {"NOT DONE", Align::right, 8},
                   {"SUBMITTED", Align::left, 23}});
  for (const auto& one : overview.runs) {
    std::vector<std::string> below;
    if (const auto names = overview.unserved.find(one.run.run_id); names != overview.unserved.end()) {
      below.push_back(fmt::format("  nobody serves: {}", fmt::join(names->second, ", ")));
    }
    table.add({one.run.run_id, state_text(one.run), number_or_dot(one.blocked), number_or_dot(one.runnable),
               number_or_dot(one.active), number_or_dot(one.succeeded), number_or_dot(one.negative),
               base::to_display(stamp(one.run.submitted_at))},
              std::move(below));
  }
  return table.text();
}

std::string workers_table(const CascadeOverview& overview) {
  TextTable table({{"WORKER", Align::left, 30},
                   {"HOST", Align::left, 12},
                   {"PID", Align::right, 7},
                   {"SLOTS", Align::right, 5},
                   {"SEEN", Align::right, 10},
                   {"SERVES", Align::left, 12}});
  for (const auto& worker : overview.workers) {
    table.add({worker.worker_id, worker.host, std::to_string(worker.pid), std::to_string(worker.slots),
               span_text(worker.seen_at, overview.now) + " ago",
               scope_text(worker.scope.name_space, worker.scope.tags)});
  }
  return table.text();
}

Json tags_json(const Tags& tags) {
  auto object = Json::object();
  for (const auto& [key, value] : tags) object[key] = value;
  return object;
}

Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

void add_run(const RunRecord& run, Json& out) {
  out["paused"] = run.paused;
  out["cancel_requested_at"] = time_json(run.cancel_requested_at);
  out["namespace"] = run.name_space;
  out["tags"] = tags_json(run.tags);
  out["run_key"] = or_null(run.run_key);
  out["submitted_at"] = time_json(run.submitted_at);
  out["closed_at"] = time_json(run.closed_at);
}

Json group_json(const CascadeGroup& group) {
  auto names = Json::array();
  for (const auto& edge : group.edges) names.push_back(edge.up_name);
  return {{"policy", name_of(group.group.kind)},
          {"k", group.group.k},
          {"of", std::move(names)},
          {"on_satisfied", name_of(group.group.on_satisfied)},
          {"state", name_of(group.group.state)}};
}

Json node_json(const CascadeRun& run, const NodeRecord& node) {
  Json out{{"name", node.name},
           {"kind", name_of(node.kind)},
           {"phase", name_of(node.phase)},
           {"outcome", node.outcome ? Json(name_of(*node.outcome)) : Json(nullptr)},
           {"attempts", node.attempts},
           {"reason", node.reason},
           {"max_attempts", node.max_attempts},
           {"round", node.round},
           {"namespace", node.name_space},
           {"tags", tags_json(node.tags)},
           {"owner", text_or_null(node.owner)},
           {"lease_until", time_json(node.lease_until)},
           {"not_before", time_json(node.not_before)},
           {"cancel_requested_at", time_json(node.cancel_requested_at)},
           {"unserved", run.unserved.contains(node.node_id)}};
  if (run.groups.empty()) return out;
  const auto group = run.groups.find(node.node_id);
  out["depends_on"] = group == run.groups.end() ? Json(nullptr) : group_json(group->second);
  return out;
}

std::string tallied(const std::vector<NodeRecord>& nodes) {
  std::vector<std::pair<std::string_view, int>> counts;
  for (const auto word : {"success", "active", "runnable", "blocked", "failed", "expired", "cancelled", "skipped"}) {
    const auto number =
        std::count_if(nodes.begin(), nodes.end(), [&](const auto& one) { return condition_of(one) == word; });
    if (number > 0) counts.emplace_back(word, static_cast<int>(number));
  }
  std::string text;
  for (const auto& [word, number] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, word);
  return text.empty() ? "none" : text;
}

/// `12.0s left`, `ran out 3.0s ago`.
std::string left_text(std::optional<Micros> until, Micros now) {
  if (!until) return "-";
  return *until >= now ? span_text(now, *until) + " left" : fmt::format("ran out {} ago", span_text(*until, now));
}

Json left_json(std::optional<Micros> until, Micros now) { return until ? Json((*until - now) / 1000) : Json(nullptr); }

std::string finding_text(const Finding& finding) {
  return fmt::format("{}: '{}' of run {} {}", finding.invariant, finding.node, finding.run_id, finding.message);
}

Json finding_json(const Finding& finding) {
  return {{"invariant", finding.invariant},
          {"run_id", finding.run_id},
          {"node", finding.node},
          {"message", finding.message}};
}

}  // namespace

Json time_json(const std::optional<Micros>& at) { return at ? Json(base::to_rfc3339(stamp(*at))) : Json(nullptr); }

std::string span_text(Micros from, Micros to) { return base::human_duration(std::max<Micros>(to - from, 0) / 1000); }

std::string scope_text(const std::string& name_space, const Tags& tags) {
  std::string text = name_space.empty() ? "" : fmt::format("namespace '{}'", name_space);
  for (const auto& [key, value] : tags) text += fmt::format("{}{}={}", text.empty() ? "" : ", ", key, value);
  return text.empty() ? "everything" : text;
}

std::string_view condition_of(const NodeRecord& node) {
  return node.outcome ? name_of(*node.outcome) : name_of(node.phase);
}

std::string overview_text(const CascadeOverview& overview) {
  auto text =
      overview.runs.empty() ? std::string(overview.open_only ? "No open runs.\n" : "No runs.\n") : runs_table(overview);
  text += overview.workers.empty() ? "\nNo worker was seen lately.\n" : "\n" + workers_table(overview);
  return text;
}

Json overview_json(const CascadeOverview& overview) {
  auto runs = Json::array(), workers = Json::array();
  for (const auto& one : overview.runs) {
    Json run{{"run_id", one.run.run_id}, {"state", name_of(one.run.state)}};
    run["nodes"] = {{"blocked", one.blocked},
                    {"runnable", one.runnable},
                    {"active", one.active},
                    {"succeeded", one.succeeded},
                    {"negative", one.negative}};
    const auto names = overview.unserved.find(one.run.run_id);
    run["unserved"] = names == overview.unserved.end() ? Json::array() : Json(names->second);
    add_run(one.run, run);
    runs.push_back(std::move(run));
  }
  for (const auto& worker : overview.workers) {
    workers.push_back({{"worker_id", worker.worker_id},
                       {"host", worker.host},
                       {"pid", worker.pid},
                       {"slots", worker.slots},
                       {"namespace", worker.scope.name_space},
                       {"tags", tags_json(worker.scope.tags)},
                       {"started_at", time_json(worker.started_at)},
                       {"seen_at", time_json(worker.seen_at)}});
  }
  return {{"runs", std::move(runs)}, {"workers", std::move(workers)}};
}

std::string run_heading(const CascadeRun& run) {
  const auto& record = run.run;
  auto text = fmt::format("Run {}: {}\n", record.run_id, state_text(record));
  text += fmt::format("  whose:      {}\n", scope_text(record.name_space, record.tags));
  if (record.run_key) text += fmt::format("  key:        {}\n", *record.run_key);
  text += fmt::format("  submitted:  {}\n", base::to_display(stamp(record.submitted_at)));
  if (record.closed_at) text += fmt::format("  closed:     {}\n", base::to_display(stamp(*record.closed_at)));
  return text + fmt::format("  nodes:      {}\n\n", tallied(run.nodes));
}

std::string run_text(const CascadeRun& run) {
  TextTable table({{"NODE", Align::left, 24},
                   {"KIND", Align::left, 6},
                   {"STATE", Align::left, 9},
                   {"ATTEMPTS", Align::right, 8},
                   {"OWNER", Align::left, 12},
                   {"REASON", Align::left, 10}});
  for (const auto& node : run.nodes) {
    std::vector<std::string> below;
    if (run.unserved.contains(node.node_id)) {
      below.push_back(fmt::format("  nobody serves it ({})", scope_text(node.name_space, node.tags)));
    }
    auto state = std::string(condition_of(node));
    if (node.phase != Phase::terminal && node.cancel_requested_at) state += ", stopping";
    table.add({node.name, std::string(name_of(node.kind)), std::move(state), number_or_dot(node.attempts),
               node.owner.empty() ? "." : node.owner, node.reason},
              std::move(below));
  }
  return run_heading(run) + table.text();
}

Json run_json(const CascadeRun& run) {
  Json out{{"run_id", run.run.run_id}, {"state", name_of(run.run.state)}, {"nodes", Json::array()}};
  for (const auto& node : run.nodes) out["nodes"].push_back(node_json(run, node));
  add_run(run.run, out);
  return out;
}

std::string leases_text(const std::vector<HeldNode>& held, Micros now) {
  if (held.empty()) return "Nobody works on a node.\n";
  TextTable table({{"RUN", Align::left, 24},
                   {"NODE", Align::left, 20},
                   {"LEASE", Align::left, 14},
                   {"ATTEMPT", Align::right, 7},
                   {"TIME LIMIT", Align::left, 14},
                   {"OWNER", Align::left, 12}});
  for (const auto& one : held) {
    std::vector<std::string> below;
    if (one.node.cancel_requested_at) {
      below.push_back(fmt::format("  asked to stop {} ago", span_text(*one.node.cancel_requested_at, now)));
    }
    for (const auto& [run_id, unit] : one.units) {
      below.push_back(fmt::format("  chunk {} of {}: attempt {}, {}", unit.number, run_id, unit.attempts,
                                  left_text(unit.lease_until.time_since_epoch().count(), now)));
    }
    table.add({one.node.run_id, one.node.name, left_text(one.node.lease_until, now),
               fmt::format("{}/{}", one.node.attempts, one.node.max_attempts), left_text(one.node.attempt_until, now),
               one.node.owner},
              std::move(below));
  }
  return table.text();
}

Json leases_json(const std::vector<HeldNode>& held, Micros now) {
  auto list = Json::array();
  for (const auto& one : held) {
    auto units = Json::array();
    for (const auto& [run_id, unit] : one.units) {
      const auto until = unit.lease_until.time_since_epoch().count();
      units.push_back({{"run_id", run_id},
                       {"chunk_index", unit.number},
                       {"attempts", unit.attempts},
                       {"lease_until", time_json(until)},
                       {"lease_left_ms", left_json(until, now)}});
    }
    list.push_back({{"run_id", one.node.run_id},
                    {"node", one.node.name},
                    {"owner", one.node.owner},
                    {"epoch", one.node.epoch},
                    {"lease_until", time_json(one.node.lease_until)},
                    {"lease_left_ms", left_json(one.node.lease_until, now)},
                    {"attempt", one.node.attempts},
                    {"max_attempts", one.node.max_attempts},
                    {"attempt_until", time_json(one.node.attempt_until)},
                    {"attempt_left_ms", left_json(one.node.attempt_until, now)},
                    {"cancel_requested_at", time_json(one.node.cancel_requested_at)},
                    {"units", std::move(units)}});
  }
  return list;
}

std::string happening_text(const Happening& happening) {
  const auto where = happening.node.empty() ? happening.run_id : fmt::format("{} {}", happening.run_id, happening.node);
  std::string what = happening.detail;
  if (happening.kind == "started") what = fmt::format("attempt {} by {}", happening.detail, happening.owner);
  if (happening.kind == "alarm") what = fmt::format("{} {}", happening.owner, happening.detail);
  const auto line =
      fmt::format("{} {} {}: {}", base::to_rfc3339_z(stamp(happening.at)), pad_right(happening.kind, 7), where, what);
  return fit(line, display_width(line)) + "\n";
}

Json happening_json(const Happening& happening) {
  return {{"at", time_json(happening.at)},
          {"kind", happening.kind},
          {"run_id", text_or_null(happening.run_id)},
          {"node", text_or_null(happening.node)},
          {"sequence", happening.sequence},
          {"detail", happening.detail},
          {"owner", text_or_null(happening.owner)}};
}

std::string audit_text(const Audited& audited, const Style& style) {
  if (audited.findings.empty()) {
    return fmt::format("{} everything holds: {} looks at nodes\n", style.good("✓"), audited.scanned);
  }
  std::string text;
  for (const auto& [finding, repaired] : audited.findings) {
    text += fmt::format("{} {}{}\n", repaired ? style.doubt("!") : style.bad("✗"), repaired ? "repaired: " : "",
                        finding_text(finding));
  }
  if (!audited.repairs) return text;
  for (const auto& finding : audited.left) text += fmt::format("{} left: {}\n", style.bad("✗"), finding_text(finding));
  return text;
}

Json audit_json(const Audited& audited) {
  auto findings = Json::array(), left = Json::array();
  for (const auto& [finding, repaired] : audited.findings) {
    auto one = finding_json(finding);
    one["repaired"] = repaired;
    findings.push_back(std::move(one));
  }
  for (const auto& finding : audited.left) left.push_back(finding_json(finding));
  Json out{{"clean", audited.findings.empty()}, {"scanned", audited.scanned}, {"findings", std::move(findings)}};
  out["left"] = audited.repairs ? std::move(left) : Json(nullptr);
  return out;
}

std::string tick_text(const TickReport& tick) {
  auto text = fmt::format("{}: {} found, {} done", name_of(tick.reconciler), tick.scanned, tick.advanced);
  if (tick.noop > 0) text += fmt::format(", {} done by others", tick.noop);
  if (tick.alarms > 0) text += fmt::format(", {} alarms", tick.alarms);
  if (tick.oldest_age_ms > 0) text += fmt::format(", oldest {}", base::human_duration(tick.oldest_age_ms));
  text += fmt::format(", {}", base::human_duration(tick.elapsed.count() / 1000));
  if (tick.errors > 0) text += fmt::format(", {} errors: {}", tick.errors, tick.last_error);
  return text + "\n";
}

Json tick_json(const TickReport& tick) {
  Json out{{"name", name_of(tick.reconciler)},
           {"scanned", tick.scanned},
           {"advanced", tick.advanced},
           {"noop", tick.noop},
           {"errors", tick.errors},
           {"alarms", tick.alarms},
           {"oldest_age_ms", tick.oldest_age_ms},
           {"elapsed_ms", tick.elapsed.count() / 1000}};
  if (tick.errors > 0) out["last_error"] = tick.last_error;
  return out;
}

std::string sweep_text(const Dispatched& done) {
  return fmt::format("scanned {}, reconciled {}, noop {}, filtered {}, errors {}\n", done.scanned, done.reconciled,
                     done.noop, done.filtered, done.errors);
}

Json sweep_json(const Dispatched& done) {
  return {{"scanned", done.scanned},
          {"reconciled", done.reconciled},
          {"noop", done.noop},
          {"filtered", done.filtered},
          {"errors", done.errors}};
}

}  // namespace rivet::report
