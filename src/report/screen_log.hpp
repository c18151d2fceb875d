// SPDX-License-Identifier: Apache-2.0
// Lets log lines appear above the live progress instead of through it.
#pragma once

#include <memory>

#include <spdlog/logger.h>

#include "report/screen.hpp"

namespace rivet::report {

/// A logger of the same name and level as `like` that writes to the screen, which must outlive it.
std::shared_ptr<spdlog::logger> make_screen_logger(const spdlog::logger& like, Screen& screen);

}  // namespace rivet::report
