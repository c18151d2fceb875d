// SPDX-License-Identifier: Apache-2.0
// A yes-or-no question to the source.
#pragma once

#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "source/source.hpp"

namespace rivet::inspect {

/// Whether the query gives true: a boolean, or as engines without one have it, 1 or 0. NULL is not true. Kind config
/// when it does not give exactly one row with one such value; else errors of the source.
Result<bool> holds(const source::Source& source, const std::string& query, const source::SessionOptions& options,
                   const std::stop_token& stop);

}  // namespace rivet::inspect
