// SPDX-License-Identifier: Apache-2.0
// Columns by name, rows by memory.
#include "plan/keys.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rivet::plan {
namespace {

using Kind = model::LogicalKind;

constexpr std::int64_t kChunkRows = 100'000;
constexpr std::int64_t kMinMemoryRows = 10'000, kMaxMemoryRows = 5'000'000;
constexpr std::int64_t kUnknownRowBytes = 512;

}  // namespace

const model::Column* find_column(const model::Inventory& inventory, std::string_view name) {
  const auto found =
      std::find_if(inventory.columns.begin(), inventory.columns.end(), [&](const auto& c) { return c.name == name; });
  return found == inventory.columns.end() ? nullptr : &*found;
}

Result<const model::Column*> require_column(const model::Inventory& inventory, std::string_view key,
                                            const std::string& name) {
  if (const auto* column = find_column(inventory, name)) return column;
  std::vector<std::string> names;
  for (const auto& column : inventory.columns) names.push_back(column.name);
  return fail(ErrorKind::config, fmt::format("{}: '{}' is not a column of the source", key, name),
              fmt::format("its columns are {}", fmt::join(names, ", ")));
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

std::int64_t chunk_rows(const config::ModeKeys& keys, const model::Inventory& inventory) {
  if (!keys.chunk_size_memory_mb) return keys.chunk_size.value_or(kChunkRows);
  std::int64_t width = kUnknownRowBytes;
  if (inventory.total_bytes && inventory.row_estimate && *inventory.row_estimate > 0) {
    width = std::max<std::int64_t>(*inventory.total_bytes / *inventory.row_estimate, 1);
  }
  return std::clamp((*keys.chunk_size_memory_mb << 20) / width, kMinMemoryRows, kMaxMemoryRows);
}

bool is_integer(const model::Column& column) {
  return column.type.kind == Kind::int16 || column.type.kind == Kind::int32 || column.type.kind == Kind::int64;
}

bool has_days(const model::Column& column) {
  return column.type.kind == Kind::date || column.type.kind == Kind::timestamp ||
         column.type.kind == Kind::timestamp_tz;
}

Result<std::chrono::sys_days> day_of(const std::string& column, const model::KeyValues& values) {
  auto text = std::string_view(values.front());
  if (text.starts_with('\'')) text.remove_prefix(1);
  int year = 0;
  unsigned month = 0, day = 0;
  const auto number = [&](std::size_t at, std::size_t size, auto& into) {
    if (text.size() < at + size) return false;
    const auto* end = text.data() + at + size;
    return std::from_chars(text.data() + at, end, into).ptr == end;
  };
  const bool shaped =
      number(0, 4, year) && number(5, 2, month) && number(8, 2, day) && text[4] == '-' && text[7] == '-';
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  const bool whole =
      text.size() == 10 || (text.size() > 10 && (text[10] == ' ' || text[10] == 'T' || text[10] == '\''));
  if (shaped && whole && date.ok() && !text.ends_with("BC")) return std::chrono::sys_days(date);
  return fail(ErrorKind::permanent,
              fmt::format("the days of {} reach to {}, which is no day from year 0 to 9999", column, text),
              "use chunk_by_key, which takes any type, or select by a query");
}

std::string text_of(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace rivet::plan
