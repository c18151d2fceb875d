// SPDX-License-Identifier: Apache-2.0
// One function per command: declares its arguments and, when the command line names it, sets `chosen`.
#pragma once

#include <CLI/App.hpp>

#include "cli/context.hpp"

namespace rivet::cli {

void add_init(CLI::App& app, Action& chosen);
void add_run(CLI::App& app, Action& chosen);
void add_check(CLI::App& app, Action& chosen);
void add_doctor(CLI::App& app, Action& chosen);
void add_plan(CLI::App& app, Action& chosen);
void add_apply(CLI::App& app, Action& chosen);
void add_validate(CLI::App& app, Action& chosen);
void add_reconcile(CLI::App& app, Action& chosen);
void add_repair(CLI::App& app, Action& chosen);
void add_certify(CLI::App& app, Action& chosen);
void add_verify_certificate(CLI::App& app, Action& chosen);
void add_journal(CLI::App& app, Action& chosen);
void add_metrics(CLI::App& app, Action& chosen);
void add_state(CLI::App& app, Action& chosen);
/// The sub-commands of `state` that change something.
void add_state_resets(CLI::App& state, Action& chosen);
/// The sub-commands of `state` that are about the store as a whole.
void add_state_stores(CLI::App& state, Action& chosen);
/// The cascade on many machines: submitting, working, watching over it.
void add_submit(CLI::App& app, Action& chosen);
void add_worker(CLI::App& app, Action& chosen);
/// Looking at submitted runs, and steering them.
void add_status(CLI::App& app, Action& chosen);
void add_why(CLI::App& app, Action& chosen);
void add_events(CLI::App& app, Action& chosen);
void add_leases(CLI::App& app, Action& chosen);
void add_retry(CLI::App& app, Action& chosen);
void add_cancel(CLI::App& app, Action& chosen);
void add_pause(CLI::App& app, Action& chosen);
void add_resume(CLI::App& app, Action& chosen);
void add_supervise(CLI::App& app, Action& chosen);
void add_audit(CLI::App& app, Action& chosen);
void add_gc(CLI::App& app, Action& chosen);
void add_cascade(CLI::App& app, Action& chosen);
/// What other programs need to know: JSON Schema, command line, completions, man page. These walk the parser when
/// they run, so they know every command that was added to `app`, before or after them.
void add_schema(CLI::App& app, Action& chosen);
void add_completions(CLI::App& app, Action& chosen);
void add_man(CLI::App& app, Action& chosen);
/// The commands that users know and this version does not have: listed, and refused when used.
void add_unavailable(CLI::App& app, Action& chosen);

}  // namespace rivet::cli
