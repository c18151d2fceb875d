// SPDX-License-Identifier: Apache-2.0
// Blocking byte accounting.
#include "base/byte_budget.hpp"

#include <utility>

namespace rivet::base {

ByteBudget::Lease& ByteBudget::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    budget_ = std::exchange(other.budget_, nullptr);
    account_ = other.account_;
    bytes_ = other.bytes_;
  }
  return *this;
}

void ByteBudget::Lease::release() {
  if (budget_ != nullptr) std::exchange(budget_, nullptr)->give_back(account_, bytes_);
}

ByteBudget::Lease ByteBudget::take(std::int64_t bytes, const std::stop_token& stop) {
  return grant(nullptr, bytes, stop);
}

ByteBudget::Lease ByteBudget::take(Account& account, std::int64_t bytes, const std::stop_token& stop) {
  return account.budget_.grant(&account, bytes, stop);
}

ByteBudget::Lease ByteBudget::grant(Account* account, std::int64_t bytes, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto fits = [&] {
    const bool has_nothing = account != nullptr && account->used_ == 0;
    return used_ == 0 || has_nothing || used_ + bytes <= total_;
  };
  if (!freed_.wait(lock, stop, fits)) return {};
  used_ += bytes;
  if (account != nullptr) account->used_ += bytes;
  return {this, account, bytes};
}

void ByteBudget::give_back(Account* account, std::int64_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    used_ -= bytes;
    if (account != nullptr) account->used_ -= bytes;
  }
  freed_.notify_all();
}

}  // namespace rivet::base
