// SPDX-License-Identifier: Apache-2.0
// A strict, streaming CSV reader.
#include "format/csv/record_reader.hpp"

#include "batch/schema.hpp"

#include <arrow/result.h>
#include <fmt/format.h>

#include <array>
#include <limits>

namespace rivet::format::csv {
namespace {

constexpr std::int64_t kBlockBytes = 256 << 10;
/// What one Arrow text value can hold.
constexpr std::size_t kRecordLimit = std::numeric_limits<std::int32_t>::max();

constexpr auto kEndsBareField = [] {
  std::array<bool, 256> table{};
  for (const unsigned char c : {',', '"', '\n', '\r'}) table[c] = true;
  return table;
}();

std::size_t bare_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && !kEndsBareField[static_cast<unsigned char>(text[length])]) ++length;
  return length;
}

}  // namespace

Result<bool> RecordReader::next(Record& record) {
  record.bytes_.clear();
  record.fields_.clear();
  if (peek() == kEnd) {
    if (failed_) return fail(*failed_);
    return false;
  }
  ++number_;
  while (TRY(read_field(record)) == ',') {
  }
  return true;
}

/// Reads a field and what ends it: a comma or a line feed.
Result<int> RecordReader::read_field(Record& record) {
  const bool quoted = peek() == '"';
  if (quoted) {
    TRY(read_quoted(record.bytes_));
  } else {
    read_bare(record.bytes_);
  }
  if (record.bytes_.size() > kRecordLimit) return fail(damaged("is larger than 2 GiB"));
  record.fields_.push_back({record.bytes_.size(), quoted});
  const int end = peek();
  if (end == kEnd) return fail(failure("is cut off"));
  if (end == '\r') return fail(damaged("has a carriage return outside quotes"));
  if (end != ',' && end != '\n') return fail(damaged("has text around a quoted field"));
  block_.remove_prefix(1);
  return end;
}

void RecordReader::read_bare(std::string& out) {
  while (out.size() <= kRecordLimit && peek() != kEnd) {
    const auto length = bare_length(block_);
    out += block_.substr(0, length);
    block_.remove_prefix(length);
    if (!block_.empty()) return;
  }
}

Result<void> RecordReader::read_quoted(std::string& out) {
  block_.remove_prefix(1);
  while (out.size() <= kRecordLimit) {
    if (peek() == kEnd) return fail(failure("ends inside quotes"));
    const auto length = std::min(block_.find('"'), block_.size());
    out += block_.substr(0, length);
    block_.remove_prefix(length);
    if (block_.empty()) continue;
    block_.remove_prefix(1);
    if (peek() != '"') return {};
    out += '"';
    block_.remove_prefix(1);
  }
  return {};
}

/// The next byte, or kEnd at the end of the file and after a failure.
int RecordReader::peek() {
  if (block_.empty() && !fill()) return kEnd;
  return static_cast<unsigned char>(block_.front());
}

bool RecordReader::fill() {
  if (failed_) return false;
  auto read = file_->ReadAt(offset_, kBlockBytes);
  if (!read.ok()) {
    failed_ = batch::from_arrow(read.status(), ErrorKind::unavailable);
    return false;
  }
  buffer_ = *std::move(read);
  block_ = std::string_view(*buffer_);
  offset_ += buffer_->size();
  return !block_.empty();
}

Error RecordReader::damaged(std::string_view what) const {
  return {.kind = ErrorKind::data, .message = fmt::format("CSV record {} {}", number_, what)};
}

}  // namespace rivet::format::csv
