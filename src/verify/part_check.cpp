// SPDX-License-Identifier: Apache-2.0
// Compares one landed part with what its manifest says of it.
#include "verify/part_check.hpp"

#include <utility>
#include <vector>

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <fmt/format.h>

#include "batch/digest.hpp"

namespace rivet::verify {
namespace {

using model::Finding;
using model::FindingKind;
using File = std::shared_ptr<arrow::io::RandomAccessFile>;

Result<model::Digest> digest_of(const format::Format& format, const model::Columns& columns, File file) {
  auto decoder = TRY(format.decoder(columns, std::move(file)));
  batch::Digester digester(columns);
  while (auto rows = TRY(decoder->next())) digester.add(**rows);
  return digester.take();
}

std::string differing_columns(const model::Columns& columns, const model::Digest& found,
                              const model::Digest& recorded) {
  std::string names;
  std::size_t ordinal = 0;
  for (const auto& column : columns) {
    if (column.added) continue;
    const bool known = ordinal < found.columns.size() && ordinal < recorded.columns.size();
    if (known && found.columns[ordinal] != recorded.columns[ordinal])
      names += (names.empty() ? "" : ", ") + column.name;
    ++ordinal;
  }
  return names.empty() ? "the pairing of cells into rows" : "column " + names;
}

Finding finding(FindingKind kind, const model::Part& part, std::string detail) {
  return {.kind = kind, .key = part.path, .detail = std::move(detail)};
}

}  // namespace

Result<std::optional<Finding>> check_part(const destination::Destination& destination, const format::Format& format,
                                          const model::Columns& columns, const model::Part& part) {
  auto file = TRY(destination.read(part.path));
  if (!file) return finding(FindingKind::part_missing, part, "listed in the manifest, not there");
  if (const auto bytes = TRY(destination::content_fingerprint(part.path, **file)); bytes != part.content_fingerprint) {
    return finding(FindingKind::part_checksum_mismatch, part,
                   fmt::format("manifest {}, its bytes {}", part.content_fingerprint, bytes));
  }
  auto digest = digest_of(format, columns, *file);
  if (!digest && digest.error().kind != ErrorKind::data) return fail(std::move(digest).error());
  if (!digest) return finding(FindingKind::value_checksum_mismatch, part, digest.error().message);
  if (static_cast<std::int64_t>(digest->rows) != part.rows) {
    return finding(FindingKind::part_row_count_mismatch, part,
                   fmt::format("manifest {} rows, the file {}", part.rows, digest->rows));
  }
  if (!(*digest == part.digest)) {
    return finding(
        FindingKind::value_checksum_mismatch, part,
        fmt::format("the digest of the values differs in {}", differing_columns(columns, *digest, part.digest)));
  }
  return std::nullopt;
}

}  // namespace rivet::verify
