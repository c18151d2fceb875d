// SPDX-License-Identifier: Apache-2.0
// Where reading of a parsed file begins.
#pragma once

#include "config/config.hpp"
#include "config/context.hpp"
#include "config/document.hpp"
#include "config/shape.hpp"

namespace rivet::config {

/// Reads a whole file. What is wrong with it goes to the context's problems; with a shape, what the readers accept
/// goes there (see Section).
Config read_root(const Node& tree, Context& context, Shape* shape = nullptr);

}  // namespace rivet::config
