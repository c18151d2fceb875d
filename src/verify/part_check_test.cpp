// SPDX-License-Identifier: Apache-2.0
// A part is left in the middle when the command is stopped.
#include "verify/part_check.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

namespace rivet::verify {
namespace {

const model::Columns kColumns{{.name = "id", .native_type = "bigint", .type = {.kind = model::LogicalKind::int64}}};
constexpr int kBatches = 50;

/// Gives as many batches of one row.
class LongDecoder final : public format::Decoder {
 public:
  Result<std::optional<batch::Batch>> next() override {
    if (given_++ == kBatches) return std::optional<batch::Batch>();
    arrow::Int64Builder id;
    EXPECT_TRUE(id.Append(given_).ok());
    return std::optional(arrow::RecordBatch::Make(batch::batch_schema(kColumns), 1, {*id.Finish()}));
  }

 private:
  int given_ = 0;
};

class LongFormat final : public format::Format {
 public:
  std::string_view extension() const override { return "long"; }
  Result<std::unique_ptr<format::Encoder>> encoder(const model::Columns&, format::ByteSink) const override {
    return fail(ErrorKind::internal, "nothing is written");
  }
  Result<std::unique_ptr<format::Decoder>> decoder(const model::Columns&,
                                                   std::shared_ptr<arrow::io::RandomAccessFile>) const override {
    return std::make_unique<LongDecoder>();
  }
};

/// Has every object, without a byte in it.
class EmptyFiles final : public destination::Destination {
 public:
  destination::Capabilities capabilities() const override { return {}; }
  Result<std::unique_ptr<destination::Upload>> begin(const destination::ObjectKey&) const override { return none(); }
  Result<void> put(const destination::ObjectKey&, std::string_view) const override { return none(); }
  Result<std::vector<destination::StoredObject>> list() const override { return none(); }
  Result<std::optional<std::shared_ptr<arrow::io::RandomAccessFile>>> read(
      const destination::ObjectKey&) const override {
    return std::optional<std::shared_ptr<arrow::io::RandomAccessFile>>(
        std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString("")));
  }
  Result<void> move(const destination::ObjectKey&, const destination::ObjectKey&) const override { return none(); }
  Result<void> sweep(std::string_view) const override { return none(); }

 private:
  static tl::unexpected<Error> none() { return fail(ErrorKind::internal, "nothing is written"); }
};

TEST(PartCheck, IsLeftWhenTheCommandIsStopped) {
  const EmptyFiles files;
  const LongFormat format;
  const model::Part part{.path = "one"};
  for (const bool stops : {false, true}) {
    std::stop_source stop;
    int seen = 0;
    const auto see = [&](const arrow::RecordBatch&, std::int64_t, std::span<const std::uint64_t>,
                         const batch::RowHash&) {
      if (++seen == 3 && stops) stop.request_stop();
    };
    const auto read = read_part(files, format, kColumns, part, see, stop.get_token());
    EXPECT_EQ(read.has_value(), !stops);
    if (!read) {
      EXPECT_EQ(read.error().kind, ErrorKind::cancelled);
    }
    EXPECT_EQ(seen, stops ? 3 : kBatches);
    const auto scanned = scan_part(files, format, kColumns, part, see, stop.get_token());
    EXPECT_EQ(scanned.has_value(), !stops);
  }
}

}  // namespace
}  // namespace rivet::verify
