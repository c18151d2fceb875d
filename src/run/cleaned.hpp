// SPDX-License-Identifier: Apache-2.0
// Errors without secrets, before they go into state, journal and reports.
#pragma once

#include "base/error.hpp"
#include "base/redact.hpp"

namespace rivet::run {

/// The error with every secret that `redactor` knows removed from its texts. Servers quote what they were sent.
base::Error cleaned(base::Error error, const base::Redactor& redactor);

}  // namespace rivet::run
