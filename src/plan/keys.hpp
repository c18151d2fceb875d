// SPDX-License-Identifier: Apache-2.0
// What every way to cut asks of configuration and inventory.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/config.hpp"
#include "model/relation.hpp"

namespace rivet::plan {

/// The column of that name, or null. Owned by the inventory.
const model::Column* find_column(const model::Inventory& inventory, std::string_view name);

/// The column that the configuration names under `key`. Kind config when there is none, with those there are.
Result<const model::Column*> require_column(const model::Inventory& inventory, std::string_view key,
                                            const std::string& name);

/// a / b, rounded up. REQUIRES: a >= 0, b > 0.
std::int64_t ceil_div(std::int64_t a, std::int64_t b);

/// Rows per chunk: `chunk_size`, or what fits into `chunk_size_memory_mb` by the average width of a row.
std::int64_t chunk_rows(const config::ModeKeys& keys, const model::Inventory& inventory);

bool is_integer(const model::Column& column);
/// Whether its values lie on days: dates and timestamps.
bool has_days(const model::Column& column);

/// The last day that has a spelling which every engine reads.
inline constexpr std::chrono::sys_days kLastDay = std::chrono::year(9999) / 12 / 31;

/// The day that a key value like `2024-02-29 ...` lies on, also within quotes. Kind permanent when it is no day of the
/// years 0 to 9999.
Result<std::chrono::sys_days> day_of(const std::string& column, const model::KeyValues& values);

/// `2024-02-29`.
std::string text_of(std::chrono::sys_days day);

}  // namespace rivet::plan
