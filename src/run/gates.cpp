// SPDX-License-Identifier: Apache-2.0
// Counts what the quality rules ask for while batches pass.
#include "run/gates.hpp"

#include <algorithm>
#include <cstring>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "batch/digest.hpp"
#include "model/json_fields.hpp"

namespace rivet::run {
namespace {

bool is_text(const model::LogicalType& type) {
  return type.kind == model::LogicalKind::text || type.kind == model::LogicalKind::json;
}

std::int64_t longest_in(const arrow::Array& any) {
  const auto& cells = static_cast<const arrow::BinaryArray&>(any);
  std::int64_t longest = 0;
  for (std::int64_t row = 0; row < cells.length(); ++row)
    longest = std::max<std::int64_t>(longest, cells.value_length(row));
  return longest;
}

}  // namespace

Gates::Gates(const config::Quality& rules, const model::Columns& columns)
    : unique_max_entries_(rules.unique_max_entries), columns_(columns) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto& wanted = rules.unique_columns;
    if (std::find(wanted.begin(), wanted.end(), columns_[i].name) != wanted.end()) unique_.push_back({.index = i});
  }
}

void Gates::observe(const arrow::RecordBatch& rows) {
  counts_.rows += rows.num_rows();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto& cells = *rows.column(static_cast<int>(i));
    if (cells.null_count() > 0) counts_.nulls[columns_[i].name] += cells.null_count();
    if (!is_text(columns_[i].type)) continue;
    auto& longest = counts_.longest[columns_[i].name];
    longest = std::max(longest, longest_in(cells));
  }
  for (auto& column : unique_) observe_unique(column, rows);
}

void Gates::observe_unique(UniqueColumn& column, const arrow::RecordBatch& rows) {
  const auto& [name, type] = std::pair(columns_[column.index].name, columns_[column.index].type);
  if (counts_.unchecked.contains(name)) return;
  const auto& cells = *rows.column(static_cast<int>(column.index));
  const auto hashes = batch::cell_hashes(cells, type);
  for (std::int64_t row = 0; row < cells.length(); ++row) {
    if (cells.IsNull(row)) continue;
    if (!column.seen.insert(hashes[static_cast<std::size_t>(row)]).second) ++counts_.duplicates[name];
  }
  if (unique_max_entries_ && static_cast<std::int64_t>(column.seen.size()) > *unique_max_entries_) {
    counts_.unchecked.insert(name);
    column.seen.clear();
  }
}

std::map<std::string, std::string> Gates::unique_hashes() const {
  std::map<std::string, std::string> out;
  for (const auto& column : unique_) {
    auto& bytes = out[columns_[column.index].name];
    bytes.reserve(column.seen.size() * sizeof(std::uint64_t));
    for (const auto hash : column.seen) bytes.append(reinterpret_cast<const char*>(&hash), sizeof hash);
  }
  return out;
}

void GateCounts::merge(const GateCounts& other) {
  rows += other.rows;
  for (const auto& [name, count] : other.nulls) nulls[name] += count;
  for (const auto& [name, size] : other.longest) longest[name] = std::max(longest[name], size);
  for (const auto& [name, count] : other.duplicates) duplicates[name] += count;
  unchecked.insert(other.unchecked.begin(), other.unchecked.end());
}

std::string to_json_text(const GateCounts& counts) {
  return model::dump_json(nlohmann::json{{"rows", counts.rows},
                                         {"nulls", counts.nulls},
                                         {"longest", counts.longest},
                                         {"duplicates", counts.duplicates},
                                         {"unchecked", counts.unchecked}});
}

Result<GateCounts> gate_counts_from_json_text(std::string_view text) {
  const auto value = TRY(model::parse_json(text));
  try {
    return GateCounts{.rows = value.at("rows").get<std::int64_t>(),
                      .nulls = value.at("nulls").get<std::map<std::string, std::int64_t>>(),
                      .longest = value.at("longest").get<std::map<std::string, std::int64_t>>(),
                      .duplicates = value.at("duplicates").get<std::map<std::string, std::int64_t>>(),
                      .unchecked = value.at("unchecked").get<std::set<std::string>>()};
  } catch (const nlohmann::json::exception& problem) {
    return fail(ErrorKind::data, fmt::format("the stored gate counts cannot be read: {}", problem.what()));
  }
}

Result<GateCounts> merged_gate_counts(const std::vector<state::UnitView>& units) {
  GateCounts total;
  for (const auto& unit : units) {
    if (!unit.gates_json.empty()) total.merge(TRY(gate_counts_from_json_text(unit.gates_json)));
  }
  return total;
}

Result<void> add_repeats_between_units(state::StateStore& store, const std::string& run_id,
                                       const config::Quality& rules, GateCounts& counts) {
  for (const auto& name : rules.unique_columns) {
    std::vector<std::uint64_t> hashes;
    for (const auto& bytes : TRY(store.unique_hashes(run_id, name))) {
      const auto at = hashes.size();
      hashes.resize(at + bytes.size() / sizeof(std::uint64_t));
      if (!bytes.empty()) std::memcpy(hashes.data() + at, bytes.data(), (hashes.size() - at) * sizeof(std::uint64_t));
    }
    std::sort(hashes.begin(), hashes.end());
    const auto distinct = std::unique(hashes.begin(), hashes.end()) - hashes.begin();
    const auto repeated = static_cast<std::int64_t>(hashes.size()) - distinct;
    if (repeated > 0) counts.duplicates[name] += repeated;
    if (rules.unique_max_entries && distinct > *rules.unique_max_entries) counts.unchecked.insert(name);
  }
  return {};
}

std::vector<GateFinding> judge(const config::Quality& rules, const GateCounts& counts) {
  std::vector<GateFinding> findings;
  const auto fails = [&](std::string message) { findings.push_back({.fails = true, .message = std::move(message)}); };
  if (rules.row_count_min && counts.rows < *rules.row_count_min) {
    fails(fmt::format("row_count_min: {} rows, at least {} expected", counts.rows, *rules.row_count_min));
  }
  if (rules.row_count_max && counts.rows > *rules.row_count_max) {
    fails(fmt::format("row_count_max: {} rows, at most {} expected", counts.rows, *rules.row_count_max));
  }
  for (const auto& [name, allowed] : rules.null_ratio_max) {
    const auto nulls = counts.nulls.find(name);
    if (nulls == counts.nulls.end()) continue;
    const double ratio = static_cast<double>(nulls->second) / static_cast<double>(counts.rows);
    if (ratio <= allowed) continue;
    fails(fmt::format("null_ratio_max: {:.4g} of column {} is NULL ({} of {} rows), at most {} allowed", ratio, name,
                      nulls->second, counts.rows, allowed));
  }
  for (const auto& [name, count] : counts.duplicates) {
    fails(fmt::format("unique_columns: column {} has {} repeated values", name, count));
  }
  for (const auto& name : counts.unchecked) {
    findings.push_back({.fails = false,
                        .message = fmt::format("unique_columns: column {} has more values than unique_max_entries and "
                                               "was not checked to the end",
                                               name)});
  }
  return findings;
}

}  // namespace rivet::run
