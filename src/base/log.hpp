// SPDX-License-Identifier: Apache-2.0
// The logger: spdlog on stderr, every line through the redactor.
#pragma once

#include <memory>

#include <spdlog/logger.h>

#include "base/redact.hpp"

namespace rivet::base {

/// Creates the program's logger. The level is taken from `RUST_LOG` or `RIVET_LOG` (trace, debug, info,
/// warn, error, off; default warn). `redactor` must outlive it. The logger may be used from any thread.
std::shared_ptr<spdlog::logger> make_logger(const Redactor& redactor);

}  // namespace rivet::base
