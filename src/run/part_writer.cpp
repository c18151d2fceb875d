// SPDX-License-Identifier: Apache-2.0
// Splits a unit's batches into parts by size and holds them until the unit commits.
#include "run/part_writer.hpp"

#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "base/fault_point.hpp"

namespace rivet::run {

PartWriter::PartWriter(const destination::Destination& destination, const format::Format& format, PartOptions options)
    : destination_(destination), format_(format), options_(std::move(options)), digester_(options_.columns) {}

Result<void> PartWriter::write(const batch::Batch& rows) {
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
  const auto key = fmt::format("{}{}.{}", options_.file_stem, may_rotate ? fmt::format("_part{}", index) : "",
                               format_.extension());
  auto upload = std::make_unique<destination::HashedUpload>(TRY(destination_.begin(key)), options_.with_md5);
  auto* sink = upload.get();
  auto encoder = TRY(format_.encoder(options_.columns, [sink](const void* bytes, std::int64_t size) {
    return sink->write(bytes, size);
  }));
  base::fault_point("part_opened");
  open_ = OpenPart{.upload = std::move(upload), .encoder = std::move(encoder)};
  finished_.emplace_back().part.path = key;
  return {};
}

Result<void> PartWriter::finish_part() {
  const auto encoded = TRY(open_->encoder->finish());
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
