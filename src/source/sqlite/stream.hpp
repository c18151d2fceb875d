// SPDX-License-Identifier: Apache-2.0
// The rows of one SELECT as batches.
#pragma once

#include "base/result.hpp"
#include "source/source.hpp"
#include "source/sqlite/connection.hpp"
#include "source/sqlite/describe.hpp"

#include <memory>

namespace rivet::source::sqlite {

/// Starts reading `request` in a read transaction that ends with the stream. `instant` is what the stream will say
/// about it; without a snapshot there, the schema version stands for one. Errors: drift when names, native types or
/// nullability are not those of `request.columns`, else those of read_shape() and select_rows(). The connection must
/// outlive the stream.
///
/// next() fails with RIVET_VALUE_UNREPRESENTABLE (permanent) at a value its column cannot hold, with
/// RIVET_VALUE_TOO_LARGE (permanent) at one above the limit; both name table, column and row. After an error the
/// stream is over.
Result<std::unique_ptr<BatchStream>> open_stream(Connection& connection, const ReadRequest& request,
                                                 ReadInstant instant);

/// How many rows open_stream() would give for each predicate, in one transaction. Errors: those of open_stream().
Result<std::vector<std::int64_t>> count_rows(Connection& connection, const CountRequest& request);

}  // namespace rivet::source::sqlite
