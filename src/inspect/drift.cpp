// SPDX-License-Identifier: Apache-2.0
// Compares the columns of this run with those the state remembers.
#include "inspect/drift.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace rivet::inspect {
namespace {

const model::Column* find(const model::Columns& columns, const std::string& name) {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

bool is_integer(model::LogicalKind kind) {
  using enum model::LogicalKind;
  return kind == int16 || kind == int32 || kind == int64 || kind == uint64;
}

bool is_float(model::LogicalKind kind) {
  return kind == model::LogicalKind::float32 || kind == model::LogicalKind::float64;
}

/// Whether the text of a value of the former type is one of the latter, and in the same order among its kind.
bool keeps_order(const model::LogicalType& before, const model::LogicalType& now) {
  if (before.kind == now.kind) return true;
  if (is_integer(before.kind)) return is_integer(now.kind) || now.kind == model::LogicalKind::decimal;
  return is_float(before.kind) && is_float(now.kind);
}

}  // namespace

std::optional<model::journal::SchemaChanged> compare_schemas(const model::Columns& before, const model::Columns& now) {
  model::journal::SchemaChanged change;
  for (const auto& column : now) {
    const auto type = model::to_string(column.type);
    const auto* old = find(before, column.name);
    if (old == nullptr) {
      change.added.push_back(fmt::format("{} ({})", column.name, type));
    } else if (!(old->type == column.type)) {
      change.type_changed.push_back({column.name, model::to_string(old->type), type});
    }
  }
  for (const auto& column : before) {
    if (find(now, column.name) == nullptr) change.removed.push_back(column.name);
  }
  if (change.added.empty() && change.removed.empty() && change.type_changed.empty()) return std::nullopt;
  return change;
}

Result<void> check_cursor_types(const model::Columns& before, const model::Columns& now,
                                const model::Incremental& incremental, const std::string& export_name) {
  if (!incremental.since || incremental.since->cursor.empty()) return {};
  for (const auto& name : incremental.cursor.columns) {
    const auto* old = find(before, name);
    const auto* found = find(now, name);
    if (old == nullptr || found == nullptr || old->native_type == found->native_type) continue;
    if (keeps_order(old->type, found->type)) continue;
    return fail(Error{.kind = ErrorKind::drift,
                      .message = fmt::format("cursor column {} changed from {} to {}: the position {} of earlier runs "
                                             "does not tell any more what is new",
                                             name, old->native_type, found->native_type,
                                             model::display_cursor(incremental.since->cursor)),
                      .code = "RIVET_CURSOR_TYPE_CHANGED",
                      .hint = fmt::format("to read everything anew: rivet state reset -e {}", export_name)});
  }
  return {};
}

std::vector<std::string> compare_shapes(const std::map<std::string, std::int64_t>& before,
                                        const std::map<std::string, std::int64_t>& now, double factor) {
  std::vector<std::string> lines;
  if (factor <= 0) return lines;
  for (const auto& [column, longest] : now) {
    const auto known = before.find(column);
    if (known == before.end() || known->second == 0) continue;
    if (static_cast<double>(longest) < factor * static_cast<double>(known->second)) continue;
    lines.push_back(
        fmt::format("column {}: its longest value grew from {} to {} bytes", column, known->second, longest));
  }
  return lines;
}

}  // namespace rivet::inspect
