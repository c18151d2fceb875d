// SPDX-License-Identifier: Apache-2.0
// Sorts outcomes by the entry they belong to and hands them over.
#include "cli/notification.hpp"

#include <algorithm>
#include <array>

#include <unistd.h>

#include "notify/send.hpp"
#include "plan/partitions.hpp"

namespace rivet::cli {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// An export of that very name comes before one that has such a partition.
const config::Export* entry_of(const config::Config& config, const report::RunOutcome& outcome) {
  const auto& all = config.exports;
  const auto same = [&](const config::Export& entry) { return entry.name == outcome.export_name; };
  const auto whole = [&](const config::Export& entry) {
    return !entry.keys.partition_by.empty() && plan::partition_of(entry, outcome.export_name).has_value();
  };
  auto found = std::find_if(all.begin(), all.end(), same);
  if (found == all.end()) found = std::find_if(all.begin(), all.end(), whole);
  return found == all.end() ? nullptr : &*found;
}

std::vector<notify::Event> events_of(const config::Config& config, const std::vector<report::RunOutcome>& outcomes) {
  std::vector<std::pair<std::string, std::vector<report::RunOutcome>>> groups;
  for (const auto& outcome : outcomes) {
    const auto* entry = entry_of(config, outcome);
    const auto& name = entry == nullptr ? outcome.export_name : entry->name;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.first == name; });
    if (group == groups.end()) group = groups.insert(groups.end(), {name, {}});
    group->second.push_back(outcome);
  }
  std::vector<notify::Event> events;
  for (auto& [name, runs] : groups) events.push_back(notify::make_event(name, std::move(runs)));
  return events;
}

}  // namespace

void notify_receivers(const config::Config& config, const std::string& config_path,
                      const std::vector<report::RunOutcome>& outcomes, Context& context) {
  const auto& receivers = config.notifications;
  if (!receivers.slack && !receivers.webhook) return;
  const notify::HttpLibrary http;  // here, because most commands never need it and pay for it at every start
  const notify::Place place{.host = host_name(), .config_path = config_path};
  for (const auto& warning : notify::send_all(receivers, events_of(config, outcomes), place, context.redactor)) {
    context.screen.print("warning: " + warning);
  }
}

}  // namespace rivet::cli
