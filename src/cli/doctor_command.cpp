// SPDX-License-Identifier: Apache-2.0
// `rivet doctor`: is everything there that runs need, and may it be used.
#include "cli/commands.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/configuration.hpp"
#include "cli/doctor_source.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "cli/state_condition.hpp"
#include "report/doctor.hpp"

namespace rivet::cli {
namespace {

namespace fs = std::filesystem;

using report::DoctorCheck;
using report::failed_check;

constexpr const char* kProbe = ".rivet_doctor_probe";
constexpr std::uintmax_t kLittleSpace = 1ULL << 30;

struct Arguments {
  std::string config;
  std::vector<std::string> params;
  bool json = false;
};

/// The folder, or the first one above it that is there.
fs::path nearest_folder(fs::path folder) {
  std::error_code failed;
  while (!fs::exists(folder, failed) && folder.has_parent_path() && folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

/// Writes an object to where it would become visible, and drops it.
Result<void> write_probe(const destination::Destination& destination) {
  static constexpr std::string_view kContent = "written by `rivet doctor`\n";
  auto upload = destination.begin(kProbe);
  if (!upload && upload.error().kind == ErrorKind::conflict) return {};  // another doctor writes it just now
  if (!upload) return fail(std::move(upload).error());
  TRY((*upload)->write(kContent.data(), static_cast<std::int64_t>(kContent.size())));
  return (*upload)->flush();
}

DoctorCheck folder_check(std::string name, const fs::path& folder) {
  const auto there = nearest_folder(folder);
  const auto destination = open_prefix("local", there.string());
  const auto written = destination ? write_probe(**destination) : Result<void>(fail(destination.error()));
  if (!written) return failed_check(std::move(name), written.error());
  DoctorCheck check{.name = std::move(name)};
  if (there != folder) check.detail = "does not exist yet: a run creates it; ";
  std::error_code failed;
  const auto space = fs::space(there, failed);
  if (failed) return check;
  check.detail += base::human_bytes(static_cast<std::int64_t>(space.available)) + " free";
  if (space.available < kLittleSpace) check.hint = "there is little room: make some, or choose another disk";
  return check;
}

std::string destination_name(const config::Export& entry) {
  const auto& to = entry.destination;
  switch (to.type) {
    case config::DestinationType::local: return fmt::format("Destination Local({})", to.path);
    case config::DestinationType::stdout_: return "Destination Stdout";
    default: return fmt::format("Destination {}({})", config::name_of(to.type), to.bucket);
  }
}

/// Below `{partition}` every partition has a folder of its own: the one that holds them all is asked for.
fs::path folder_of(const config::Export& entry, base::Timestamp now) {
  auto family = entry;
  auto& path = family.destination.path;
  const auto token = path.find("{partition}");
  if (token != std::string::npos) {
    const auto end = path.rfind('/', token);
    path = end == std::string::npos ? "." : path.substr(0, end + 1);
  }
  return place_of(family, now).prefix;
}

DoctorCheck destination_check(const config::Export& entry, base::Timestamp now) {
  const auto name = destination_name(entry);
  const auto opened = open_destination(entry, now);
  if (!opened) return failed_check(name, opened.error());
  if (entry.destination.type != config::DestinationType::local) return {.name = name};
  return folder_check(name, folder_of(entry, now));
}

/// Variables that a destination's keys name; those of the source are needed to read the configuration at all.
std::vector<std::string> missing_variables(const config::Config& config) {
  std::vector<std::string> missing;
  for (const auto& entry : config.exports) {
    const auto& to = entry.destination;
    for (const auto& name :
         {to.access_key_env, to.secret_key_env, to.session_token_env, to.account_key_env, to.sas_token_env}) {
      if (!name.empty() && std::getenv(name.c_str()) == nullptr) missing.push_back(name);
    }
  }
  return missing;
}

DoctorCheck credentials_check(const config::Config& config) {
  const auto missing = missing_variables(config);
  if (missing.empty()) return {.name = "Credentials", .detail = "every variable that the configuration names is set"};
  return {.name = "Credentials",
          .failed = ErrorKind::config,
          .detail = fmt::format("not set: {}", fmt::join(missing, ", ")),
          .hint = "export them in the shell that runs rivet"};
}

/// A store on a server is asked and not changed.
DoctorCheck server_state_check(const char* name, const fs::path& folder, const base::Clock& clock) {
  const auto place = state_place(folder);
  if (!place) return failed_check(name, place.error());
  const auto condition = examine_state(*place, clock);
  if (!condition) return failed_check(name, condition.error());
  const auto verdict = judge_state(*place, *condition);
  if (!verdict) return failed_check(name, verdict.error());
  return {.name = name, .detail = tell_condition(*place, *condition)};
}

/// The store itself stays as it is: a copy of it is opened, and its folder takes a probe.
DoctorCheck state_check(const fs::path& folder, const base::Clock& clock) {
  constexpr const char* kName = "State store";
  if (has_state_url()) return server_state_check(kName, folder, clock);
  const bool exists = store_exists(folder);
  const auto copy = open_store_copy(folder);
  if (!copy) return failed_check(kName, copy.error());
  const auto place = (*copy)->location();
  if (exists && ::access(place.c_str(), W_OK) != 0) {
    return {.name = kName,
            .failed = ErrorKind::permanent,
            .detail = place + " cannot be written",
            .hint = "make the file and its folder writable for this user"};
  }
  auto check = folder_check(kName, folder);
  check.detail = exists ? fmt::format("{}; {}", place, check.detail)
                        : fmt::format("{} does not exist yet: the first run creates it; {}", place, check.detail);
  if (check.failed) check.hint = "runs keep their state beside the configuration: make its folder writable";
  return check;
}

DoctorCheck notifications_check(const config::Notifications& to) {
  std::vector<std::string> receivers;
  if (to.slack) receivers.emplace_back("Slack");
  if (to.webhook) receivers.emplace_back("a webhook");
  return {.name = "Notifications",
          .detail = receivers.empty() ? "no receiver is configured"
                                      : fmt::format("{} (not called)", fmt::join(receivers, " and "))};
}

std::vector<DoctorCheck> examine(const config::Config& config, const Context& context) {
  std::vector<DoctorCheck> checks{{.name = "Config parsed successfully"}, credentials_check(config)};
  for (auto& check : check_source(config, context)) checks.push_back(std::move(check));
  std::set<std::string> seen;
  for (const auto& entry : config.exports) {
    if (seen.insert(destination_name(entry)).second) checks.push_back(destination_check(entry, context.clock.now()));
  }
  checks.push_back(state_check(config.file.parent_path(), context.clock));
  checks.push_back(notifications_check(config.notifications));
  return checks;
}

/// Retryable only when waiting mends everything.
Result<void> verdict_of(const std::vector<DoctorCheck>& checks) {
  std::vector<std::string> names;
  bool transient = true;
  for (const auto& check : checks) {
    if (!check.failed) continue;
    if (*check.failed == ErrorKind::cancelled) return fail(ErrorKind::cancelled, "interrupted");
    names.push_back(check.name);
    transient = transient && base::retry_answer_of(*check.failed) != base::RetryAnswer::never;
  }
  if (names.empty()) return {};
  return fail(transient ? ErrorKind::unavailable : ErrorKind::config,
              fmt::format("{} of {} checks failed: {}", names.size(), checks.size(), fmt::join(names, ", ")));
}

Result<void> doctor(const Arguments& args, Context& context) {
  const auto config = load_configuration(args.config, args.params, context);
  const auto checks =
      config ? examine(*config, context) : std::vector{failed_check("Config parsed successfully", config.error())};
  if (args.json) {
    TRY(context.print_json(report::doctor_json(args.config, checks)));
  } else {
    const report::Style style{.colour = report::detect_terminal(1).colour};
    TRY(context.print(report::doctor_text(checks, style)));
  }
  return verdict_of(checks);
}

}  // namespace

void add_doctor(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("doctor", "Test connection, privileges, destinations and state; changes nothing");
  add_config(*command, args->config);
  add_params(*command, args->params);
  command->add_flag("--json", args->json, "Print the checks as JSON on stdout");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return doctor(*args, context); }; });
}

}  // namespace rivet::cli
