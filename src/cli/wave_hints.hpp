// SPDX-License-Identifier: Apache-2.0
// Recommended waves, written back into the user's configuration.
#pragma once

#include "base/result.hpp"
#include "cli/context.hpp"
#include "config/config.hpp"
#include "plan/prioritize.hpp"

namespace rivet::cli {

/// Adds `wave` and `parallel_safe` to the exports of the campaign that have none, and with `renew` to all of them, and
/// says so on the screen. Every other byte of the file stays, its mode too; it is replaced atomically. A file that
/// cannot be written is only reported, as is one that changed since it was loaded.
Result<void> write_wave_hints(const config::Config& config, const plan::Campaign& campaign, bool renew,
                              Context& context);

}  // namespace rivet::cli
