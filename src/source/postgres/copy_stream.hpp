// SPDX-License-Identifier: Apache-2.0
// The rows of one COPY ... (FORMAT binary) as batches.
#pragma once

#include <memory>
#include <string>

#include "source/postgres/cell_decoder.hpp"
#include "source/postgres/describe.hpp"
#include "source/postgres/transaction.hpp"
#include "source/source.hpp"

namespace rivet::source::postgres {

/// What a stream needs to know besides its transaction.
struct CopyPlan {
  ReadRequest request;
  Description description;
  ReadInstant instant;
};

/// Starts the COPY inside the open transaction, which the stream ends when it is complete. The transaction must outlive
/// the stream; a stream dropped half way cancels the statement.
Result<std::unique_ptr<BatchStream>> open_copy_stream(Transaction& transaction, CopyPlan plan);

/// The number of the rows of the read, as a SELECT. Errors: as of from_clause().
Result<std::string> count_statement(const Quoting& quoting, const CopyPlan& plan);

/// The rows of the read, as a SELECT. Errors: as of from_clause().
Result<std::string> select_statement(const Quoting& quoting, const CopyPlan& plan);

/// The COPY statement: an explicit select list with the casts of the transports, and the predicate. Errors: those of
/// from_clause().
Result<std::string> copy_statement(const Quoting& quoting, const CopyPlan& plan);

}  // namespace rivet::source::postgres
