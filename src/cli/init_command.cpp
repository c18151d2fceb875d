// SPDX-License-Identifier: Apache-2.0
// `rivet init`: from a database to a first configuration, or to a document about what there is.
#include <filesystem>
#include <memory>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/init_source.hpp"
#include "cli/registry.hpp"
#include "config/relation.hpp"
#include "config/scaffold.hpp"
#include "inspect/discover.hpp"
#include "report/discovery.hpp"
#include "report/file.hpp"

namespace rivet::cli {
namespace {

namespace fs = std::filesystem;

// Looking around must not wait long for others, nor be cut off in a count.
constexpr source::SessionOptions kProbing{.statement_timeout = std::chrono::seconds(300),
                                          .lock_timeout = std::chrono::seconds(10)};

struct Arguments {
  SourceArguments source;
  std::vector<std::string> tables, include, exclude;
  std::string schema, mode, output;
  std::string gcs_bucket, gcs_credentials, s3_bucket, s3_region;
  bool discover = false, force = false;
};

Result<void> refuse_object_stores(const Arguments& args) {
  for (const auto& [flag, value] :
       {std::pair{"--gcs-bucket", &args.gcs_bucket}, std::pair{"--gcs-credentials-file", &args.gcs_credentials},
        std::pair{"--s3-bucket", &args.s3_bucket}, std::pair{"--s3-region", &args.s3_region}}) {
    if (value->empty()) continue;
    return fail(ErrorKind::config, fmt::format("{}: object stores are not available in this version", flag),
                "leave it out: each export gets a local folder below ./output/");
  }
  return {};
}

Result<void> check_output(const Arguments& args) {
  if (args.output.empty()) return {};
  std::error_code failed;
  if (fs::exists(args.output, failed) && !args.force) {
    return fail(ErrorKind::config, fmt::format("{} exists", args.output),
                "name another file, or replace it with --force");
  }
  return report::require_writable(args.output);
}

Result<std::optional<config::Mode>> wanted_mode(const std::string& name) {
  using enum config::Mode;
  if (name.empty()) return std::optional<config::Mode>();
  for (const auto mode : {full, incremental, chunked, time_window}) {
    if (config::name_of(mode) == name) return std::optional(mode);
  }
  return fail(ErrorKind::config, fmt::format("--mode {} is not available in this version", name),
              "use full, incremental, chunked or time_window");
}

Result<inspect::DiscoverOptions> discover_options(const Arguments& args) {
  inspect::DiscoverOptions options{.scope = {.schema = args.schema, .include = args.include, .exclude = args.exclude},
                                   .mode = TRY(wanted_mode(args.mode))};
  for (const auto& name : args.tables) {
    auto relation = config::parse_table_name(name);
    if (!relation) return fail(ErrorKind::config, fmt::format("--table {}: {}", name, relation.error().message));
    options.scope.tables.push_back(std::move(*relation));
  }
  return options;
}

Result<model::Discovery> look_around(const Arguments& args, const config::Source& from, Context& context) {
  const auto options = TRY(discover_options(args));
  const auto source = TRY(make_source(from, context.clock));
  const auto session = TRY(source->open(kProbing, context.stop));
  auto [discovery, warnings] = TRY(inspect::discover(*session, from.type, options));
  for (const auto& warning : warnings) context.screen.print("warning: " + warning);
  for (auto& skipped : discovery.skipped) skipped.reason = context.redactor.clean(skipped.reason);
  return std::move(discovery);
}

/// Not redacted: there is no secret in it, and a password that is also a word would take that word out of the file.
Result<void> write(const Arguments& args, const std::string& text, Context& context) {
  if (args.output.empty()) return report::write_descriptor(STDOUT_FILENO, text);
  TRY(report::write_file(args.output, text));
  context.screen.print(fmt::format("written to {}", args.output));
  return {};
}

Result<void> init(const Arguments& args, Context& context) {
  TRY(refuse_object_stores(args));
  TRY(check_output(args));
  auto source_args = args.source;
  source_args.output = args.output;
  const auto [source, text] = TRY(find_source(source_args, context.redactor));
  const auto discovery = TRY(look_around(args, source, context));
  if (args.discover) {
    return write(args, report::dump(report::discovery_json(discovery, RIVET_VERSION, text.tls_mode)), context);
  }
  return write(args, config::scaffold(discovery, text, args.output.empty() ? "rivet.yaml" : args.output), context);
}

void declare_source(CLI::App& command, SourceArguments& args) {
  auto* group = command.add_option_group("source", "What to look at (exactly one)");
  group->add_option("--source", args.url, "URL of the database, or a SQLite file");
  group->add_option("--source-env", args.variable, "Environment variable that holds the URL");
  group->add_option("--source-file", args.file, "File that holds the URL");
  group->require_option(1);
  command.add_option("--tls", args.tls_mode, "disable, require, verify-ca or verify-full")
      ->check(CLI::IsMember({"disable", "require", "verify-ca", "verify-full"}));
  command.add_option("--tls-ca", args.tls_ca, "File with the certificates to trust");
}

void declare_scope(CLI::App& command, Arguments& args) {
  command.add_option("--table", args.tables, "Only this table or view: name or schema.name (repeatable)")
      ->allow_extra_args(false);
  command.add_option("--schema", args.schema, "Only this schema");
  command.add_option("--include", args.include, "Only what fits this pattern: name or schema.name (repeatable)")
      ->allow_extra_args(false);
  command.add_option("--exclude", args.exclude, "Not what fits this pattern; wins (repeatable)")
      ->allow_extra_args(false);
}

void declare_result(CLI::App& command, Arguments& args) {
  command.add_option("-o,--output", args.output, "Write to this file instead of stdout");
  command.add_flag("--force", args.force, "Replace the file if it exists");
  command.add_flag("--discover", args.discover, "JSON about what there is instead of a configuration");
  command.add_option("--mode", args.mode, "Mode of all exports, where it is possible")
      ->check(CLI::IsMember({"full", "incremental", "chunked", "time_window", "cdc"}));
  command.add_option("--gcs-bucket", args.gcs_bucket, "(not available in this version)");
  command.add_option("--gcs-credentials-file", args.gcs_credentials, "(not available in this version)");
  command.add_option("--s3-bucket", args.s3_bucket, "(not available in this version)");
  command.add_option("--s3-region", args.s3_region, "(not available in this version)");
}

}  // namespace

void add_init(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("init", "Write a first configuration for what a database holds");
  declare_source(*command, args->source);
  declare_scope(*command, *args);
  declare_result(*command, *args);
  command->callback([args, &chosen] { chosen = [args](Context& context) { return init(*args, context); }; });
}

}  // namespace rivet::cli
