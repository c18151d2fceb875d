// SPDX-License-Identifier: Apache-2.0
// The rows of one COPY ... (FORMAT binary) as batches.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "source/postgres/cell_decoder.hpp"
#include "source/postgres/connection.hpp"
#include "source/postgres/describe.hpp"
#include "source/source.hpp"

namespace rivet::source::postgres {

/// What a stream needs to know besides its connection.
struct CopyPlan {
  ReadRequest request;
  Description description;
  ReadInstant instant;
  std::chrono::seconds silence_limit{0};
};

/// Starts the COPY inside the connection's open transaction, which the stream ends when it is complete.
/// The connection must outlive the stream; a stream dropped half way cancels the statement.
Result<std::unique_ptr<BatchStream>> open_copy_stream(Connection& connection, CopyPlan plan);

/// The COPY statement: an explicit select list with the casts of the transports.
std::string copy_statement(const Connection& connection, const ReadRequest& request,
                           const std::vector<Transport>& transports);

}  // namespace rivet::source::postgres
