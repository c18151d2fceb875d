// SPDX-License-Identifier: Apache-2.0
// The bytes of a CSV file as records of fields.
#pragma once

#include "base/result.hpp"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rivet::format::csv {

/// One line of a file, quotes removed. Reused from line to line.
class Record {
 public:
  std::size_t size() const { return fields_.size(); }
  /// Valid until the record is read again.
  std::string_view text(std::size_t field) const {
    const auto begin = field == 0 ? 0 : fields_[field - 1].end;
    return std::string_view(bytes_).substr(begin, fields_[field].end - begin);
  }
  bool is_quoted(std::size_t field) const { return fields_[field].quoted; }
  /// Size of all fields together.
  std::size_t bytes() const { return bytes_.size(); }

 private:
  friend class RecordReader;
  struct Field {
    std::size_t end;
    bool quoted;
  };
  std::string bytes_;
  std::vector<Field> fields_;
};

/// Splits a file into records, strictly in the dialect of format.hpp: what our encoder cannot have written is an
/// error. Not thread safe.
class RecordReader {
 public:
  explicit RecordReader(std::shared_ptr<arrow::io::RandomAccessFile> file) : file_(std::move(file)) {}

  /// Reads the next record; false at the end of the file. Kind data when the bytes are not CSV or end within a
  /// line, unavailable when the file cannot be read.
  Result<bool> next(Record& record);

  /// Number of the record read last; the header is 1.
  std::int64_t number() const { return number_; }

 private:
  static constexpr int kEnd = -1;

  int peek();
  bool fill();
  Result<int> read_field(Record& record);
  Result<void> read_quoted(std::string& out);
  void read_bare(std::string& out);
  Error damaged(std::string_view what) const;
  Error failure(std::string_view what) const { return failed_ ? *failed_ : damaged(what); }

  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  std::shared_ptr<arrow::Buffer> buffer_;
  std::string_view block_;  // what is left of buffer_
  std::optional<Error> failed_;
  std::int64_t offset_ = 0;
  std::int64_t number_ = 0;
};

}  // namespace rivet::format::csv
