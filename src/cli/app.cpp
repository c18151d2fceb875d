// SPDX-License-Identifier: Apache-2.0
// CLI11 reports by exception; this file is where that ends.
#include "cli/app.hpp"

#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/cascade_access.hpp"
#include "cli/commands.hpp"
#include "cli/state_place.hpp"

namespace rivet::cli {
namespace {

constexpr int kUsageError = 2;

void print_error(const Error& error, bool as_json, Context& context) {
  if (!as_json) {
    const auto code = error.code.empty() ? "" : fmt::format("[{}] ", error.code);
    context.screen.print(fmt::format("{} {}{}", context.screen.style().bad("Error:"), code, error.to_string()));
    return;
  }
  auto document = report::error_json(error);
  document["vendor_code"] = report::or_null(error.vendor_code);
  context.screen.print(report::dump_line(report::redacted(document, context.redactor)));
}

int finish(const Result<void>& result, bool as_json, Context& context) {
  if (result) return 0;
  if (!context.told) print_error(result.error(), as_json, context);
  return is_unknown_name(result.error()) ? kUsageError : base::exit_code_of(result.error().kind);
}

/// Help and version go to stdout with code 0, usage errors to stderr with code 2.
int report_parse_result(const CLI::App& app, const CLI::ParseError& error, Context& context) {
  std::ostringstream out, err;
  const bool asked_for = app.exit(error, out, err) == 0;
  context.print(out.str()).ignore("there is nobody left to tell");
  context.screen.print(err.str());
  return asked_for ? 0 : kUsageError;
}

void declare(CLI::App& app, bool& json_errors, Action& chosen) {
  app.require_subcommand(1);
  app.fallthrough();  // so that --json-errors may also follow the command
  app.set_version_flag("--version", "rivet " RIVET_VERSION);
  app.add_flag("--json-errors", json_errors, "Print an error as one JSON object on stderr");
  add_init(app, chosen);
  add_run(app, chosen);
  add_check(app, chosen);
  add_doctor(app, chosen);
  add_plan(app, chosen);
  add_apply(app, chosen);
  add_validate(app, chosen);
  add_reconcile(app, chosen);
  add_repair(app, chosen);
  add_certify(app, chosen);
  add_verify_certificate(app, chosen);
  add_journal(app, chosen);
  add_metrics(app, chosen);
  add_state(app, chosen);
  add_submit(app, chosen);
  add_worker(app, chosen);
  add_status(app, chosen);
  add_why(app, chosen);
  add_events(app, chosen);
  add_leases(app, chosen);
  add_retry(app, chosen);
  add_cancel(app, chosen);
  add_pause(app, chosen);
  add_resume(app, chosen);
  add_supervise(app, chosen);
  add_audit(app, chosen);
  add_gc(app, chosen);
  add_cascade(app, chosen);
  add_schema(app, chosen);
  add_completions(app, chosen);
  add_man(app, chosen);
  add_unavailable(app, chosen);
}

}  // namespace

int run_command_line(int argc, const char* const* argv, Context& context) {
  bool json_errors = false;
  remember_state_url(context.redactor);
  try {
    CLI::App app{"Moves tables and queries out of databases into Parquet and CSV, and proves it.", "rivet"};
    Action chosen;
    declare(app, json_errors, chosen);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return report_parse_result(app, error, context);
    }
    return finish(chosen(context), json_errors, context);
  } catch (const std::exception& error) {
    return finish(fail(ErrorKind::internal, fmt::format("internal error: {}", error.what())), json_errors, context);
  } catch (...) {
    return finish(fail(ErrorKind::internal, "internal error of unknown type"), json_errors, context);
  }
}

}  // namespace rivet::cli
