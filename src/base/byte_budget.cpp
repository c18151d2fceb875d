// SPDX-License-Identifier: Apache-2.0
// Blocking byte accounting.
#include "base/byte_budget.hpp"

#include <utility>

namespace rivet::base {

ByteBudget::Lease& ByteBudget::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = other.bytes_;
  }
  return *this;
}

void ByteBudget::Lease::release() {
  if (budget_ != nullptr) std::exchange(budget_, nullptr)->give_back(bytes_);
}

ByteBudget::Lease ByteBudget::take(std::int64_t bytes, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto fits = [&] { return used_ == 0 || used_ + bytes <= total_; };
  if (!freed_.wait(lock, stop, fits)) return {};
  used_ += bytes;
  return {this, bytes};
}

void ByteBudget::give_back(std::int64_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    used_ -= bytes;
  }
  freed_.notify_all();
}

}  // namespace rivet::base
