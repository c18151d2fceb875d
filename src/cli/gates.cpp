// SPDX-License-Identifier: Apache-2.0
// Three kinds of conditions, one way to tell what came of them.
#include "cli/gates.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "cli/gate_program.hpp"
#include "cli/registry.hpp"
#include "cli/verification.hpp"
#include "inspect/condition.hpp"

namespace rivet::cli {
namespace {

tl::unexpected<Error> closed(std::string why) {
  return fail(
      Error{.kind = ErrorKind::data, .message = "the gate is closed: " + std::move(why), .code = "RIVET_GATE_CLOSED"});
}

Result<void> ask_source(const RunJob& job, const config::Gate& gate, const std::stop_token& stop) {
  const config::Tuning tuning;
  const source::SessionOptions options{.statement_timeout = std::chrono::seconds(tuning.statement_timeout_s),
                                       .lock_timeout = std::chrono::seconds(tuning.lock_timeout_s)};
  if (TRY(inspect::holds(job.source, gate.sql, options, stop))) return {};
  return closed("its query did not give true");
}

Result<void> ask_program(const RunJob& job, const config::Gate& gate, const std::stop_token& stop) {
  const auto ended = TRY(run_program(gate.command, job.config.file.parent_path(), stop));
  if (ended.end.signal == 0 && ended.end.exit_code == 0) return {};
  return closed(fmt::format("'{}' ended with {}{}", gate.command.front(), ended.end.to_string(),
                            ended.last_words.empty() ? "" : ": " + ended.last_words));
}

Result<void> ask_manifest(const RunJob& job, const config::Gate& gate) {
  const auto entry = std::find_if(job.config.exports.begin(), job.config.exports.end(),
                                  [&](const auto& one) { return one.name == gate.manifest; });
  const auto opened = TRY(open_destination(*entry, job.context.clock.now()));
  const auto found =
      TRY(verify_output(*opened.destination, *entry, {.depth = model::VerifyDepth::light, .manifest_required = true}));
  if (found.passed()) return {};
  const auto& findings = found.findings;
  const auto first =
      std::find_if(findings.begin(), findings.end(), [](const auto& one) { return !model::is_advisory(one.kind); });
  return closed(fmt::format("the output of export '{}' does not hold: {}", gate.manifest, model::code_of(first->kind)));
}

Result<void> look(const RunJob& job, const config::Gate& gate, const std::stop_token& stop) {
  if (!gate.sql.empty()) return ask_source(job, gate, stop);
  return gate.command.empty() ? ask_manifest(job, gate) : ask_program(job, gate, stop);
}

}  // namespace

report::RunOutcome expected_outcome(const RunJob& job, const config::Gate& gate) {
  report::RunOutcome outcome{.export_name = gate.name, .status = "failed", .mode = "gate"};
  outcome.source_engine = config::name_of(job.config.source.type);
  outcome.started_at = outcome.finished_at = job.context.clock.now();
  return outcome;
}

report::RunOutcome look_at_gate(const RunJob& job, const config::Gate& gate, const std::stop_token& stop) {
  auto outcome = expected_outcome(job, gate);
  const auto since = std::chrono::steady_clock::now();
  auto held = look(job, gate, stop);
  outcome.duration_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since).count();
  outcome.finished_at = job.context.clock.now();
  if (held) {
    outcome.status = "success";
    return outcome;
  }
  outcome.error = std::move(held).error();
  if (outcome.error->kind == ErrorKind::cancelled) outcome.status = "interrupted";
  return outcome;
}

}  // namespace rivet::cli
