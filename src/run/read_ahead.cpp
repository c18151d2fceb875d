// SPDX-License-Identifier: Apache-2.0
// Reads batches on a second thread, bounded in bytes.
#include "run/read_ahead.hpp"

#include <utility>

namespace rivet::run {

ReadAhead::ReadAhead(source::BatchStream& stream, base::ByteBudget& budget, std::stop_source abort)
    : stream_(stream), account_(budget), abort_(std::move(abort)), thread_([this] { read(); }) {}

ReadAhead::~ReadAhead() {
  if (!ended_) abort_.request_stop();
  queue_.close();
}

Result<std::optional<ReadAhead::Item>> ReadAhead::next() {
  auto item = queue_.pop(abort_.get_token());
  if (!item) return fail(ErrorKind::cancelled, "interrupted");
  ended_ = item->has_value() && !item->value().has_value();
  return std::move(*item);
}

void ReadAhead::read() {
  const auto stop = abort_.get_token();
  for (;;) {
    auto rows = stream_.next();
    if (!rows) {
      queue_.push(fail(std::move(rows).error()), stop);
      return;
    }
    if (!*rows) {
      queue_.push(std::optional<Item>(), stop);
      return;
    }
    Item item{.rows = std::move(**rows), .bytes_read = stream_.bytes_read()};
    item.share = base::ByteBudget::take(account_, batch::byte_size(*item.rows), stop);
    if (!queue_.push(std::optional<Item>(std::move(item)), stop)) return;
  }
}

}  // namespace rivet::run
