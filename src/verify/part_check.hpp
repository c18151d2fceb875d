// SPDX-License-Identifier: Apache-2.0
// Reads one part back and holds it against what was recorded when it was written.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "model/column.hpp"
#include "model/part.hpp"
#include "model/verification.hpp"

namespace rivet::verify {

/// What does not hold for the part: its bytes, its row count or a digest; nothing when all of it does. An error
/// only when the destination cannot be read.
Result<std::optional<model::Finding>> check_part(const destination::Destination& destination,
                                                 const format::Format& format, const model::Columns& columns,
                                                 const model::Part& part);

}  // namespace rivet::verify
