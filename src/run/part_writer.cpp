// SPDX-License-Identifier: Apache-2.0
// Splits a unit's batches into parts by size and holds them until the unit commits.
#include "run/part_writer.hpp"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include "base/fault_point.hpp"

namespace rivet::run {
namespace {

// A part is as exact in size as the pieces that it is made of.
constexpr std::int64_t kPiecesPerPart = 16;

/// How many of the rows have about so many bytes in memory together; at least one.
std::int64_t rows_that_weigh(std::int64_t bytes, const arrow::RecordBatch& rows) {
  const auto count = std::max<std::int64_t>(rows.num_rows(), 1);
  const auto per_row = std::max<std::int64_t>(arrow::util::TotalBufferSize(rows) / count, 1);
  return std::clamp<std::int64_t>(bytes / per_row, 1, count);
}

}  // namespace

PartWriter::PartWriter(const destination::Destination& destination, const format::Format& format, PartOptions options)
    : destination_(destination), format_(format), options_(std::move(options)), digester_(options_.columns) {}

Result<void> PartWriter::write(const batch::Batch& rows) {
  if (!options_.max_file_size) return write_piece(rows);
  const auto rows_at_once = rows_that_weigh(*options_.max_file_size / kPiecesPerPart, *rows);
  for (std::int64_t at = 0; at < rows->num_rows(); at += rows_at_once) TRY(write_piece(rows->Slice(at, rows_at_once)));
  return {};
}

Result<void> PartWriter::write_piece(const batch::Batch& rows) {
  if (!open_) TRY(open_part());
  digester_.add(*rows);
  TRY(open_->encoder->write(rows));
  if (options_.max_file_size && open_->encoder->bytes_so_far() >= *options_.max_file_size) TRY(finish_part());
  return {};
}

Result<std::vector<model::Part>> PartWriter::commit(const base::Clock& clock) {
  if (open_) TRY(finish_part());
  base::fault_point("parts_encoded");
  std::vector<model::Part> parts;
  for (auto& [part, upload] : finished_) {
    TRY(upload->commit().context("committing " + part.path));
    base::fault_point("part_committed");
    part.created_at = clock.now();
    parts.push_back(std::move(part));
  }
  finished_.clear();
  return parts;
}

Result<void> PartWriter::open_part() {
  const auto index = finished_.size();
  const bool may_rotate = options_.max_file_size.has_value();
  const auto key =
      fmt::format("{}{}.{}", options_.file_stem, may_rotate ? fmt::format("_part{}", index) : "", format_.extension());
  auto upload = std::make_unique<destination::HashedUpload>(TRY(destination_.begin(key)), options_.with_md5);
  auto* sink = upload.get();
  auto encoder = TRY(format_.encoder(
      options_.columns, [sink](const void* bytes, std::int64_t size) { return sink->write(bytes, size); }));
  base::fault_point("part_opened");
  open_ = OpenPart{.upload = std::move(upload), .encoder = std::move(encoder)};
  finished_.emplace_back().part.path = key;
  return {};
}

Result<void> PartWriter::finish_part() {
  const auto encoded = TRY(open_->encoder->finish());
  TRY(open_->upload->flush());  // what does not fit must be known before the first part is committed
  auto& [part, upload] = finished_.back();
  part.run_id = options_.run_id;
  part.unit_index = options_.unit_index;
  part.epoch = options_.epoch;
  part.rows = encoded.rows;
  part.size_bytes = open_->upload->size_bytes();
  part.content_fingerprint = open_->upload->content_fingerprint();
  part.content_md5 = open_->upload->content_md5();
  part.digest = digester_.take();
  upload = std::move(open_->upload);
  open_.reset();
  return {};
}

}  // namespace rivet::run
