// SPDX-License-Identifier: Apache-2.0
// Differences in, totals out.
#include "run/run_progress.hpp"

namespace rivet::run {

RunProgress::Attempt::~Attempt() {
  if (!kept_) progress_.add(-rows_, 0);  // bytes were received all the same
}

void RunProgress::Attempt::advanced(std::int64_t rows, std::int64_t bytes_read) {
  progress_.add(rows - rows_, bytes_read - bytes_);
  rows_ = rows;
  bytes_ = bytes_read;
}

std::int64_t RunProgress::bytes_read() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

void RunProgress::add(std::int64_t rows, std::int64_t bytes) {
  const std::scoped_lock lock(mutex_);
  rows_ += rows;
  bytes_ += bytes;
  listener_.advanced(export_name_, rows_, bytes_);
}

}  // namespace rivet::run
