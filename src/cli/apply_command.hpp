// SPDX-License-Identifier: Apache-2.0
// What the two kinds of `rivet apply` share.
#pragma once

#include "cli/context.hpp"
#include "cli/run_command_job.hpp"

namespace rivet::cli {

/// The command line of `rivet apply`. `run.config` is the file it names.
struct ApplyArguments {
  RunArguments run;
  int pool = 0;  ///< exports at a time, without waves; 0: by waves
  bool split = false;
};

/// Carries out a sealed plan, or a bundle of them.
Result<void> apply_plan(const ApplyArguments& args, Context& context);

/// Runs the exports of a configuration in waves, or in a pool.
Result<void> apply_config(const ApplyArguments& args, Context& context);

}  // namespace rivet::cli
