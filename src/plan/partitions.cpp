// SPDX-License-Identifier: Apache-2.0
// Buckets are half open and follow the calendar in UTC.
#include "plan/partitions.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "plan/keys.hpp"

namespace rivet::plan {
namespace {

using config::PartitionGranularity;
using std::chrono::sys_days;

/// The first day of the bucket that the day lies in.
sys_days bucket_start(sys_days day, PartitionGranularity granularity) {
  const std::chrono::year_month_day date(day);
  switch (granularity) {
    case PartitionGranularity::day: return day;
    case PartitionGranularity::month: return date.year() / date.month() / 1;
    case PartitionGranularity::year: return date.year() / std::chrono::January / 1;
  }
  return day;
}

sys_days next_bucket(sys_days start, PartitionGranularity granularity) {
  const std::chrono::year_month_day date(start);
  switch (granularity) {
    case PartitionGranularity::day: return start + std::chrono::days(1);
    case PartitionGranularity::month: return (date.year() / date.month() + std::chrono::months(1)) / 1;
    case PartitionGranularity::year: return (date.year() + std::chrono::years(1)) / std::chrono::January / 1;
  }
  return start;
}

/// `2024-02-29`, `2024-02` or `2024`.
std::string value_of(sys_days start, PartitionGranularity granularity) {
  const auto text = text_of(start);
  if (granularity == PartitionGranularity::year) return text.substr(0, 4);
  return granularity == PartitionGranularity::month ? text.substr(0, 7) : text;
}

std::optional<sys_days> start_of(std::string_view value, PartitionGranularity granularity) {
  std::string text(value);
  if (granularity == PartitionGranularity::year) text += "-01";
  if (granularity != PartitionGranularity::day) text += "-01";
  const auto day = day_of("", {text});
  if (!day || value_of(*day, granularity) != value) return std::nullopt;
  return *day;
}

config::Export named(const config::Export& entry, std::string_view value) {
  auto out = entry;
  out.family = entry.name;
  out.name = fmt::format("{}{}{}", entry.name, kPartitionMark, value);
  out.partition = fmt::format("{}={}", entry.keys.partition_by, value);
  return out;
}

config::Export null_partition(const config::Export& entry) {
  auto out = named(entry, kNullPartition);
  out.relation.within.terms.emplace_back(model::NullKey{{entry.keys.partition_by}});
  return out;
}

config::Export bucket(const config::Export& entry, sys_days start) {
  const auto granularity = entry.keys.partition_granularity;
  auto out = named(entry, value_of(start, granularity));
  const auto end = next_bucket(start, granularity);
  std::optional<model::Bound> upper;
  if (end <= kLastDay) upper = model::Bound{{text_of(end)}, false};
  out.relation.within.terms.emplace_back(model::KeyRange{
      .columns = {entry.keys.partition_by}, .lower = model::Bound{{text_of(start)}, true}, .upper = std::move(upper)});
  return out;
}

Result<std::vector<config::Export>> buckets(const config::Export& entry, const model::KeyExtent& extent) {
  const auto& column = entry.keys.partition_by;
  const auto granularity = entry.keys.partition_granularity;
  std::vector<config::Export> out;
  if (!extent.first) return out;
  const auto last = TRY(day_of(column, *extent.last));
  for (auto at = bucket_start(TRY(day_of(column, *extent.first)), granularity); at <= last;
       at = next_bucket(at, granularity)) {
    if (static_cast<std::int64_t>(out.size()) >= kMaxPartitions) {
      return fail(ErrorKind::config,
                  fmt::format("partition_by {}: more than {} partitions from {} to {}", column, kMaxPartitions,
                              extent.first->front(), extent.last->front()),
                  "use partition_granularity: month or year, or narrow the query");
    }
    out.push_back(bucket(entry, at));
  }
  return out;
}

}  // namespace

Result<void> check_partition_column(const config::Export& entry, const model::Inventory& inventory) {
  const auto* column = TRY(require_column(inventory, "partition_by", entry.keys.partition_by));
  if (has_days(*column)) return {};
  return fail(
      ErrorKind::config,
      fmt::format("partition_by: column '{}' is {}, not a date or timestamp", column->name, column->native_type),
      "name a date or timestamp column, or give this one such a type under columns:");
}

Result<std::vector<config::Export>> make_partitions(const config::Export& entry, const model::KeyExtent& extent,
                                                    const std::vector<std::string>& known) {
  auto out = TRY(buckets(entry, extent));
  if (extent.has_null) out.push_back(null_partition(entry));
  for (const auto& name : known) {
    auto before = partition_of(entry, name);
    const auto same = [&](const auto& one) { return one.name == name; };
    if (before && std::none_of(out.begin(), out.end(), same)) out.push_back(std::move(*before));
  }
  return out;
}

std::optional<config::Export> partition_of(const config::Export& entry, std::string_view name) {
  const auto head = fmt::format("{}{}", entry.name, kPartitionMark);
  if (!name.starts_with(head)) return std::nullopt;
  const auto value = name.substr(head.size());
  if (value == kNullPartition) return null_partition(entry);
  const auto start = start_of(value, entry.keys.partition_granularity);
  if (!start) return std::nullopt;
  return bucket(entry, *start);
}

}  // namespace rivet::plan
