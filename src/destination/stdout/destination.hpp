// SPDX-License-Identifier: Apache-2.0
// Standard output as a destination: one object, streamed as it is made.
#pragma once

#include "destination/destination.hpp"

#include <memory>

namespace rivet::destination {

/// A destination that writes to the open descriptor `fd` (not closed), as a rule STDOUT_FILENO. The process must
/// ignore SIGPIPE. It takes one object: begin() is refused (kind config) while another upload lives and after one
/// has sent bytes or was committed, since a reader could not tell them apart. Only begin() works; everything else is
/// refused with kind config.
std::unique_ptr<Destination> make_stdout_destination(int fd);

}  // namespace rivet::destination
