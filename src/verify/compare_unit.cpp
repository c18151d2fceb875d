// SPDX-License-Identifier: Apache-2.0
// The source and the parts are streamed once at the same time and summed by bucket; only where sums differ are rows
// looked at.
#include "verify/compare_unit.hpp"

#include <future>
#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/linked_stop.hpp"
#include "verify/find_rows.hpp"
#include "verify/part_check.hpp"

namespace rivet::verify {
namespace {

using model::Cause;

/// What one side of the comparison holds.
struct Side {
  model::Digest digest;
  std::int64_t newcomers = 0;  // of the source's rows, those that nobody remembers
  BucketSums sums = BucketSums(RowPlace::kBuckets);
};

struct LandedSide {
  Side side;
  std::vector<PartReading> parts;
};

Result<Side> sum_source(source::Session& session, const UnitToCompare& unit, const std::stop_token& stop) {
  Side side;
  batch::Digester digester(unit.request.columns);
  const auto see = [&](const arrow::RecordBatch& rows) {
    digester.add(rows, [&](std::int64_t row, std::span<const std::uint64_t> cells, const batch::RowHash& hash) {
      side.sums[unit.place.bucket_of(rows, row, cells, hash)].add(hash);
    });
  };
  side.newcomers = TRY(read_source(session, unit.request, unit.reads, stop, see));
  side.digest = digester.take();
  return side;
}

/// Rows count, also those of a part that breaks off behind them.
void set_rows_of(Side& side) {
  side.digest.rows = side.digest.low = side.digest.high = 0;
  for (const auto& sum : side.sums) {
    side.digest.rows += sum.rows;
    side.digest.low += sum.low;
    side.digest.high += sum.high;
  }
}

Result<LandedSide> sum_landed(const UnitToCompare& unit, const std::stop_token& stop) {
  LandedSide landed;
  landed.side.digest.columns.resize(unit.request.columns.size());
  for (const auto& part : unit.parts) {
    landed.parts.push_back(TRY(read_part(
        unit.destination, unit.format, unit.landed_columns, part,
        [&](const arrow::RecordBatch& rows, std::int64_t row, std::span<const std::uint64_t> cells,
            const batch::RowHash& hash) { landed.side.sums[unit.place.bucket_of(rows, row, cells, hash)].add(hash); },
        stop)));
    if (const auto& digest = landed.parts.back().digest) landed.side.digest += *digest;
  }
  set_rows_of(landed.side);
  return landed;
}

struct BothSides {
  Side source;
  LandedSide landed;
};

/// At the same time. A side that fails stops the other one, and its error is the one that counts.
Result<BothSides> sum_both(source::Session& session, const UnitToCompare& unit, const std::stop_token& stop) {
  base::LinkedStop either(stop);
  auto landing = std::async(std::launch::async, [&] {
    auto landed = sum_landed(unit, either.token());
    if (!landed) either.request_stop();
    return landed;
  });
  auto source = sum_source(session, unit, either.token());
  if (!source) either.request_stop();
  auto landed = landing.get();
  const bool landing_failed_first = !landed && landed.error().kind != ErrorKind::cancelled;
  if (!source && !landing_failed_first) return fail(std::move(source).error());
  if (!landed) return fail(std::move(landed).error());
  return BothSides{.source = std::move(*source), .landed = std::move(*landed)};
}

void tell_damage(const UnitToCompare& unit, const std::vector<PartReading>& parts, model::UnitReconciliation& found) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].damage) continue;
    found.damaged.push_back(fmt::format("{}: {}", unit.parts[i].path, parts[i].damage->detail));
    found.causes.insert(Cause::corruption);
  }
}

/// Columns that differ between the source and what landed, or between either and what was recorded.
std::vector<std::string> columns_that_differ(const model::Columns& columns, const model::UnitReconciliation& found) {
  auto names = differing_columns(columns, *found.source, *found.landed);
  for (const auto* other : {&*found.source, &*found.landed}) {
    if (!names.empty()) break;
    names = differing_columns(columns, *found.recorded, *other);
  }
  return names;
}

std::string note_of(const model::UnitReconciliation& found) {
  if (found.source_rows != found.recorded_rows || found.landed_rows != found.recorded_rows) return count_note(found);
  if (!found.columns.empty()) return fmt::format("values differ in {}", fmt::join(found.columns, ", "));
  if (!same_value(*found.source, *found.landed)) return "values differ in the pairing of cells into rows";
  if (!found.damaged.empty()) return "the values are right, and the bytes are not those that were written";
  return "the recorded digest agrees with neither the source nor what landed";
}

}  // namespace

std::string count_note(const model::UnitReconciliation& found) {
  if (found.source_rows != found.recorded_rows) {
    return fmt::format("source={}, exported={}, diff={:+}", *found.source_rows, *found.recorded_rows,
                       *found.source_rows - *found.recorded_rows);
  }
  return fmt::format("exported={}, landed={}, diff={:+}", *found.recorded_rows, *found.landed_rows,
                     *found.landed_rows - *found.recorded_rows);
}

Result<std::int64_t> compare_unit(source::Session& session, const UnitToCompare& unit, std::int64_t limit,
                                  const std::stop_token& stop, model::UnitReconciliation& found) {
  auto [source, landed] = TRY(sum_both(session, unit, stop));
  found.source = source.digest;
  found.landed = landed.side.digest;
  found.recorded = unit.recorded;
  found.source_rows = static_cast<std::int64_t>(source.digest.rows);
  found.landed_rows = static_cast<std::int64_t>(landed.side.digest.rows);
  found.recorded_rows = static_cast<std::int64_t>(unit.recorded.rows);
  tell_damage(unit, landed.parts, found);
  const bool landed_as_read = same_value(source.digest, landed.side.digest);
  if (landed_as_read && same_value(source.digest, unit.recorded) && found.damaged.empty()) {
    found.match = model::UnitMatch::match;
    return source.newcomers;
  }
  found.match = model::UnitMatch::mismatch;
  found.columns = columns_that_differ(unit.request.columns, found);
  found.note = note_of(found);
  if (landed_as_read) {
    if (!same_value(source.digest, unit.recorded)) found.causes.insert(Cause::record);
    return source.newcomers;
  }
  TRY(find_rows(session, unit, {.source = source.sums, .landed = landed.side.sums, .parts = landed.parts}, limit, stop,
                found));
  return source.newcomers;
}

}  // namespace rivet::verify
