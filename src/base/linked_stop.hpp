// SPDX-License-Identifier: Apache-2.0
// A stop source that also stops when another one does.
#pragma once

#include <stop_token>

namespace rivet::base {

/// Work that can be stopped by itself and is stopped with what it belongs to. Any thread may use source().
class LinkedStop {
 public:
  explicit LinkedStop(const std::stop_token& outer) : link_(outer, Forward{source_}) {}
  const std::stop_source& source() const { return source_; }
  void request_stop() { source_.request_stop(); }
  std::stop_token token() const { return source_.get_token(); }

 private:
  struct Forward {
    std::stop_source target;
    void operator()() { target.request_stop(); }
  };
  std::stop_source source_;
  std::stop_callback<Forward> link_;
};

}  // namespace rivet::base
