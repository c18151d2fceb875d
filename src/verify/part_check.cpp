// SPDX-License-Identifier: Apache-2.0
// Bytes first, then rows, then values: the first that does not hold is the finding, and names what the others tell.
#include "verify/part_check.hpp"

#include <utility>
#include <vector>

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rivet::verify {
namespace {

using model::Finding;
using model::FindingKind;
using File = std::shared_ptr<arrow::io::RandomAccessFile>;

Result<model::Digest> digest_of(const format::Format& format, const model::Columns& columns, File file,
                                const LandedRow& see, const std::stop_token& stop) {
  auto decoder = TRY(format.decoder(columns, std::move(file)));
  batch::Digester digester(columns);
  while (auto rows = TRY(decoder->next())) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "interrupted");
    if (!see) {
      digester.add(**rows);
      continue;
    }
    digester.add(**rows, [&](std::int64_t row, std::span<const std::uint64_t> cells, const batch::RowHash& hash) {
      see(**rows, row, cells, hash);
    });
  }
  return digester.take();
}

Finding finding(FindingKind kind, const model::Part& part, std::string detail) {
  return {.kind = kind, .key = part.path, .detail = std::move(detail)};
}

/// What differs between the values and what was recorded of them; empty: nothing.
std::string value_difference(const model::Columns& columns, const model::Digest& found, const model::Part& part) {
  if (static_cast<std::int64_t>(found.rows) != part.rows) {
    return fmt::format("manifest {} rows, the file {}", part.rows, found.rows);
  }
  if (found == part.digest) return {};
  const auto names = differing_columns(columns, found, part.digest);
  if (names.empty()) return "the digest of the values differs in the pairing of cells into rows";
  return fmt::format("the digest of the values differs in column {}", fmt::join(names, ", "));
}

std::string with_values(std::string bytes, const std::string& values) {
  return bytes + (values.empty() ? "; the values are those that were recorded" : "; " + values);
}

/// The finding about a part that could be read, if any.
std::optional<Finding> judge(const model::Columns& columns, const model::Part& part, const std::string& fingerprint,
                             const Result<model::Digest>& digest) {
  const auto values = digest ? value_difference(columns, *digest, part) : digest.error().message;
  if (fingerprint != part.content_fingerprint) {
    return finding(
        FindingKind::part_checksum_mismatch, part,
        with_values(fmt::format("manifest {}, its bytes {}", part.content_fingerprint, fingerprint), values));
  }
  if (values.empty()) return std::nullopt;
  const bool other_count = digest && static_cast<std::int64_t>(digest->rows) != part.rows;
  return finding(other_count ? FindingKind::part_row_count_mismatch : FindingKind::value_checksum_mismatch, part,
                 values);
}

}  // namespace

std::vector<std::string> differing_columns(const model::Columns& columns, const model::Digest& a,
                                           const model::Digest& b) {
  std::vector<std::string> names;
  std::size_t ordinal = 0;
  for (const auto& column : columns) {
    if (column.added) continue;
    const bool known = ordinal < a.columns.size() && ordinal < b.columns.size();
    if (known && a.columns[ordinal] != b.columns[ordinal]) names.push_back(column.name);
    ++ordinal;
  }
  return names;
}

Result<PartReading> read_part(const destination::Destination& destination, const format::Format& format,
                              const model::Columns& columns, const model::Part& part, const LandedRow& see,
                              const std::stop_token& stop) {
  auto file = TRY(destination.read(part.path));
  if (!file)
    return PartReading{.damage = finding(FindingKind::part_missing, part, "listed in the manifest, not there")};
  const auto fingerprint = TRY(destination::content_fingerprint(part.path, **file));
  auto digest = digest_of(format, columns, *file, see, stop);
  if (!digest && digest.error().kind != ErrorKind::data) return fail(std::move(digest).error());
  PartReading reading{.damage = judge(columns, part, fingerprint, digest)};
  if (digest) reading.digest = std::move(*digest);
  return reading;
}

Result<void> scan_part(const destination::Destination& destination, const format::Format& format,
                       const model::Columns& columns, const model::Part& part, const LandedRow& see,
                       const std::stop_token& stop) {
  auto file = TRY(destination.read(part.path));
  if (!file) return {};
  auto digest = digest_of(format, columns, *file, see, stop);
  if (!digest && digest.error().kind != ErrorKind::data) return fail(std::move(digest).error());
  return {};
}

Result<std::optional<std::int64_t>> count_part(const destination::Destination& destination,
                                               const format::Format& format, const model::Columns& columns,
                                               const model::Part& part) {
  const auto none = [](Error error) -> Result<std::optional<std::int64_t>> {
    if (error.kind != ErrorKind::data) return fail(std::move(error));
    return std::optional<std::int64_t>();
  };
  auto file = TRY(destination.read(part.path));
  if (!file) return std::optional<std::int64_t>();
  auto decoder = format.decoder(columns, *file);
  if (!decoder) return none(std::move(decoder).error());
  if (const auto stated = (*decoder)->stated_rows()) return stated;
  std::int64_t rows = 0;
  for (;;) {
    auto batch = (*decoder)->next();
    if (!batch) return none(std::move(batch).error());
    if (!*batch) return std::optional(rows);
    rows += (**batch)->num_rows();
  }
}

}  // namespace rivet::verify
