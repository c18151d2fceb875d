// SPDX-License-Identifier: Apache-2.0
// Which casts can fail with which SQLSTATE (https://www.postgresql.org/docs/15/errcodes-appendix.html, class 22).
#include "source/postgres/cast_failures.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rivet::source::postgres {
namespace {

struct CastTarget {
  std::string_view cast;         // as transport_of() asks for it
  std::string_view server_name;  // as the server's messages name it, in every language
};

constexpr std::array<CastTarget, 8> kTargets{{
    {"boolean", "boolean"},
    {"int2", "smallint"},
    {"int4", "integer"},
    {"int8", "bigint"},
    {"float4", "real"},
    {"float8", "double precision"},
    {"numeric", "numeric"},
    {"uuid", "uuid"},
}};

/// Texts that are no date or time; messages about fields out of range name no type.
constexpr std::array<std::string_view, 4> kDateTimeStates{"22007", "22008", "22009", "22023"};
constexpr std::array<std::string_view, 4> kDateTimeCasts{"date", "time", "timestamp", "timestamptz"};

template <class Range>
bool contains(const Range& range, std::string_view value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

bool may_come_from(const base::Error& error, std::string_view cast) {
  if (contains(kDateTimeStates, error.vendor_code)) return contains(kDateTimeCasts, cast);
  if (error.vendor_code != "22P02" && error.vendor_code != "22003") return false;
  return std::any_of(kTargets.begin(), kTargets.end(), [&](const CastTarget& target) {
    return target.cast == cast && error.message.find(target.server_name) != std::string::npos;
  });
}

/// What the server says, in which a value is whole.
std::string shortened(std::string text) {
  constexpr std::size_t kLimit = 160;
  if (text.size() <= kLimit) return text;
  auto end = kLimit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // between two characters
  return text.substr(0, end) + "...";
}

}  // namespace

void name_column_of_cast(base::Error& error, const CopyPlan& plan) {
  std::vector<std::string> columns, overrides;
  for (std::size_t i = 0; i < plan.request.columns.size(); ++i) {
    if (!may_come_from(error, plan.description.transports[i].cast)) continue;
    const auto& column = plan.request.columns[i];
    columns.push_back(fmt::format("column \"{}\" as {}", column.name, model::to_string(column.type)));
    overrides.push_back(fmt::format("{}: text", column.name));
  }
  if (columns.empty()) return;
  error.kind = base::ErrorKind::permanent;
  error.code = "RIVET_VALUE_UNREPRESENTABLE";
  error.message = fmt::format("{}: the server cannot convert a value: {}", fmt::join(columns, " or "),
                              shortened(std::move(error.message)));
  error.hint =
      fmt::format("carry what does not convert as exact text with  columns: {{ {} }}", fmt::join(overrides, ", "));
}

}  // namespace rivet::source::postgres
