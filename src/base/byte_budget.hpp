// SPDX-License-Identifier: Apache-2.0
// One number of bytes that everything in flight draws from, so that peak memory is what the user set.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace rivet::base {

/// A counting budget in bytes. A request larger than the whole budget is granted alone, so that the
/// one largest row can always pass. Any thread may call it.
class ByteBudget {
 public:
  explicit ByteBudget(std::int64_t total) : total_(total) {}

  /// One of several that draw from a budget. Whoever holds nothing is always given something, so that none of them
  /// can be held up by another that does not move. Any thread may use it; the budget must outlive it.
  class Account {
   public:
    explicit Account(ByteBudget& budget) : budget_(budget) {}
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

   private:
    friend class ByteBudget;
    ByteBudget& budget_;
    std::int64_t used_ = 0;  // guarded by the budget's mutex
  };

  /// A share of the budget, given back on destruction. The budget, and the account it was taken for, must outlive it.
  class Lease {
   public:
    Lease() = default;
    Lease(ByteBudget* budget, Account* account, std::int64_t bytes)
        : budget_(budget), account_(account), bytes_(bytes) {}
    Lease(Lease&& other) noexcept : budget_(other.budget_), account_(other.account_), bytes_(other.bytes_) {
      other.budget_ = nullptr;
    }
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { release(); }
    void release();

   private:
    ByteBudget* budget_ = nullptr;
    Account* account_ = nullptr;
    std::int64_t bytes_ = 0;
  };

  /// Waits until `bytes` are free or `stop` is requested; an empty lease in the second case.
  Lease take(std::int64_t bytes, const std::stop_token& stop);
  /// The same for one of several, which does not wait while it holds nothing.
  static Lease take(Account& account, std::int64_t bytes, const std::stop_token& stop);

  std::int64_t total() const { return total_; }

 private:
  Lease grant(Account* account, std::int64_t bytes, const std::stop_token& stop);
  void give_back(Account* account, std::int64_t bytes);

  const std::int64_t total_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::int64_t used_ = 0;
};

}  // namespace rivet::base
