// SPDX-License-Identifier: Apache-2.0
// Batch by batch; a part that breaks off tells what is before the break.
#include "verify/misfit_rows.hpp"

#include <algorithm>
#include <optional>

#include <arrow/array.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "batch/row_hash.hpp"

namespace rivet::verify {
namespace {

std::optional<int> hash_column(const model::Columns& columns) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [](const auto& c) { return c.added && c.name == batch::kRowHashColumn; });
  if (found == columns.end()) return std::nullopt;
  return static_cast<int>(found - columns.begin());
}

/// Compares one batch, of which `before` rows of the part came before.
Result<void> compare(const batch::RowHasher& hasher, const arrow::RecordBatch& rows, int column, std::int64_t before,
                     MisfitRows& out) {
  const auto computed = TRY(hasher.hash(rows));
  const auto& stated = static_cast<const arrow::Int64Array&>(*rows.column(column));
  const auto& expected = static_cast<const arrow::Int64Array&>(*computed);
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    if (stated.IsValid(row) && stated.Value(row) == expected.Value(row)) continue;
    ++out.count;
    if (out.first.size() < MisfitRows::kListed) out.first.push_back(before + row + 1);
  }
  return {};
}

Result<void> compare_all(const batch::RowHasher& hasher, format::Decoder& decoder, int column, MisfitRows& out) {
  std::int64_t before = 0;
  while (const auto rows = TRY(decoder.next())) {
    TRY(compare(hasher, **rows, column, before, out));
    before += (*rows)->num_rows();
  }
  return {};
}

}  // namespace

Result<MisfitRows> misfit_rows(const destination::Destination& destination, const format::Format& format,
                               const model::Columns& columns, const model::Part& part,
                               const std::vector<std::string>& covered) {
  MisfitRows out;
  const auto column = hash_column(columns);
  if (!column || covered.empty()) return out;
  const auto hasher = batch::RowHasher::make(columns, covered);
  auto file = TRY(destination.read(part.path));
  if (!hasher || !file) return out;
  auto decoder = format.decoder(columns, std::move(*file));
  const auto done = decoder ? compare_all(*hasher, **decoder, *column, out) : Result<void>(fail(decoder.error()));
  if (!done && done.error().kind != ErrorKind::data) return fail(done.error());
  return out;
}

std::string to_sentence(const MisfitRows& rows) {
  if (rows.count == 0) return {};
  const bool all = rows.count == static_cast<std::int64_t>(rows.first.size());
  return fmt::format("row hashes do not fit in {} row{} of the part: {}{}", base::with_thousands(rows.count),
                     rows.count == 1 ? "" : "s", fmt::join(rows.first, ", "), all ? "" : ", ...");
}

}  // namespace rivet::verify
