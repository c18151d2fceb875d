// SPDX-License-Identifier: Apache-2.0
// Reads a stream on its own thread, a few batches ahead of whoever encodes them.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/bounded_queue.hpp"
#include "base/byte_budget.hpp"
#include "base/result.hpp"
#include "source/source.hpp"

namespace rivet::run {

/// Batches of a stream, read ahead within a byte budget. Used by one thread; its own thread is the only one that
/// touches the stream, and ends before the destructor returns.
class ReadAhead {
 public:
  /// A batch with what had been received when it was complete.
  struct Item {
    batch::Batch rows;
    std::int64_t bytes_read = 0;
    base::ByteBudget::Lease share = {};  ///< of the budget; given back with the item
  };

  /// `stream` and `budget` must outlive it. `abort` is requested when reading is given up before its end, so that a
  /// session opened with its token stops waiting for the server.
  ReadAhead(source::BatchStream& stream, base::ByteBudget& budget, std::stop_source abort);
  ~ReadAhead();

  /// The next batch, nothing at the confirmed end of the stream, or the stream's error.
  Result<std::optional<Item>> next();

 private:
  void read();

  source::BatchStream& stream_;
  base::ByteBudget::Account account_;  // before the queue, whose items hold leases
  std::stop_source abort_;
  base::BoundedQueue<Result<std::optional<Item>>> queue_{64};
  bool ended_ = false;  // the confirmed end was handed out: nothing is left to stop
  std::jthread thread_;
};

}  // namespace rivet::run
