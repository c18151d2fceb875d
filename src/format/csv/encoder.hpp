// SPDX-License-Identifier: Apache-2.0
// Batches to CSV.
#pragma once

#include "format/encoder.hpp"

namespace rivet::format::csv {

/// An encoder of the dialect in format.hpp. Kind config when there are no columns.
Result<std::unique_ptr<Encoder>> make_encoder(const model::Columns& columns, ByteSink sink);

}  // namespace rivet::format::csv
