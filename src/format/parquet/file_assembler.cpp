// SPDX-License-Identifier: Apache-2.0
// Copies column chunks and rebuilds the footer with their new offsets.
#include "format/parquet/file_assembler.hpp"

#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/size_statistics.h>
#include <parquet/statistics.h>

#include "batch/schema.hpp"

namespace rivet::format::parquet {
namespace {

constexpr std::string_view kMagic = "PAR1";

using EncodingCounts = std::map<::parquet::Encoding::type, std::int32_t>;

/// Pages per encoding of one kind of page.
EncodingCounts count_pages(const ::parquet::ColumnChunkMetaData& chunk, bool dictionary_pages) {
  EncodingCounts counts;
  for (const auto& stats : chunk.encoding_stats()) {
    const bool is_dictionary = stats.page_type == ::parquet::PageType::DICTIONARY_PAGE;
    if (is_dictionary == dictionary_pages) counts[stats.encoding] += stats.count;
  }
  return counts;
}

/// Some values of a chunk that began with a dictionary were written without it.
bool fell_back(const ::parquet::ColumnChunkMetaData& chunk) {
  if (!chunk.has_dictionary_page()) return false;
  for (const auto& [encoding, pages] : count_pages(chunk, false)) {
    const bool by_dictionary =
        encoding == ::parquet::Encoding::RLE_DICTIONARY || encoding == ::parquet::Encoding::PLAIN_DICTIONARY;
    if (!by_dictionary && pages > 0) return true;
  }
  return false;
}

void copy_chunk(const ::parquet::ColumnChunkMetaData& from, std::int64_t shift,
                ::parquet::ColumnChunkMetaDataBuilder& to) {
  if (from.is_stats_set()) to.SetStatistics(*from.encoded_statistics());
  if (const auto sizes = from.size_statistics()) to.SetSizeStatistics(*sizes);
  const bool has_dictionary = from.has_dictionary_page();
  to.Finish(from.num_values(), has_dictionary ? from.dictionary_page_offset() + shift : -1, -1,
            from.data_page_offset() + shift, from.total_compressed_size(), from.total_uncompressed_size(),
            has_dictionary, fell_back(from), count_pages(from, true), count_pages(from, false));
}

/// Where the column chunks of a file in memory end and its footer begins.
std::int64_t end_of_chunks(const EncodedRowGroup& group) {
  constexpr std::int64_t kLengthAndMagic = 8;
  return group.file->size() - kLengthAndMagic - group.metadata->size();
}

}  // namespace

FileAssembler::FileAssembler(std::shared_ptr<::parquet::WriterProperties> properties, ByteSink sink)
    : properties_(std::move(properties)), sink_(std::move(sink)) {}

Result<void> FileAssembler::append(const EncodedRowGroup& group) {
  if (!builder_) {
    begin(*group.metadata);
    first_ = group.metadata;
    TRY(write(kMagic.data(), static_cast<std::int64_t>(kMagic.size())));
  }
  if (group.metadata->num_row_groups() == 0) return {};
  if (row_groups_ == std::numeric_limits<std::int16_t>::max()) {
    return fail(ErrorKind::permanent,
                "a Parquet file holds at most 32,767 row groups; set max_file_size or larger row groups");
  }
  const auto begin_of_chunks = static_cast<std::int64_t>(kMagic.size());
  const auto shift = position_ - begin_of_chunks;
  TRY(write(group.file->data() + begin_of_chunks, end_of_chunks(group) - begin_of_chunks));
  append_metadata(*group.metadata->RowGroup(0), shift);
  return {};
}

Result<void> FileAssembler::finish() {
  const auto metadata = builder_->Finish(first_->key_value_metadata());
  auto stream = arrow::io::BufferOutputStream::Create(4096, batch::memory_pool());
  if (!stream.ok()) return fail(batch::from_arrow(stream.status()));
  ::parquet::WriteFileMetaData(*metadata, stream->get());
  const auto footer = (*stream)->Finish();
  if (!footer.ok()) return fail(batch::from_arrow(footer.status()));
  return write((*footer)->data(), (*footer)->size());
}

Result<void> FileAssembler::write(const void* bytes, std::int64_t size) {
  TRY(sink_(bytes, size));
  position_ += size;
  return {};
}

void FileAssembler::begin(const ::parquet::FileMetaData& first) {
  builder_ = ::parquet::FileMetaDataBuilder::Make(first.schema(), properties_);
}

void FileAssembler::append_metadata(const ::parquet::RowGroupMetaData& group, std::int64_t shift) {
  auto* target = builder_->AppendRowGroup();
  target->set_num_rows(group.num_rows());
  for (int i = 0; i < group.num_columns(); ++i) copy_chunk(*group.ColumnChunk(i), shift, *target->NextColumnChunk());
  target->Finish(group.total_byte_size(), row_groups_++);
}

}  // namespace rivet::format::parquet
