// SPDX-License-Identifier: Apache-2.0
// Which rows of a part are not those that were written, by the hash that stands beside each of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "model/column.hpp"
#include "model/part.hpp"

namespace rivet::verify {

/// Rows whose hash does not fit their values.
struct MisfitRows {
  static constexpr std::size_t kListed = 10;

  std::int64_t count = 0;
  std::vector<std::int64_t> first;  ///< at most kListed of them, counted from 1 in the order of the part
};

/// Computes the row hashes again, as far as the part can be read. `columns` are the part's, `covered` those that its
/// row hash was taken over. Nothing is found where there is no such column, or one of them is not there. An error only
/// when the destination cannot be read.
Result<MisfitRows> misfit_rows(const destination::Destination& destination, const format::Format& format,
                               const model::Columns& columns, const model::Part& part,
                               const std::vector<std::string>& covered);

/// `row hashes do not fit in 2 rows of the part: 4, 17`; empty for none.
std::string to_sentence(const MisfitRows& rows);

}  // namespace rivet::verify
