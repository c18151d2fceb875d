// SPDX-License-Identifier: Apache-2.0
// Text, not a tree: what a person reads first has comments, and an order that explains itself.
#include "config/scaffold.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "config/relation.hpp"
#include "config/yaml_text.hpp"

namespace rivet::config {
namespace {

using Kind = model::LogicalKind;
using model::DiscoveredTable;

constexpr std::size_t kNameBytes = 100;
constexpr std::string_view kAdded = "_rivet_";
constexpr int kWideTexts = 5;

/// A name as a part of paths and of shell commands that needs no quoting; letters beyond ASCII stay.
std::string as_file_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool fine = byte >= 0x80 || std::isalnum(byte) != 0 || c == '_' || c == '-';
    out += fine ? c : '_';
  }
  for (const std::string_view mark : {"\u0085", "\u2028", "\u2029", "\uFEFF", "\u00A0"}) {
    for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark)) out.replace(at, mark.size(), "_");
  }
  if (out.size() > kNameBytes) {
    out.resize(kNameBytes + 1);
    do out.pop_back();
    while ((static_cast<unsigned char>(out.back()) & 0xC0) == 0x80);
    if (static_cast<unsigned char>(out.back()) >= 0xC0) out.pop_back();
  }
  if (out.front() == '-') out.front() = '_';
  return out;
}

bool is_added_name(const model::Column& column) { return column.name.starts_with(kAdded); }

/// A decimal without digits to speak of, which travels as text.
bool is_unbounded_decimal(const model::Column& column) {
  const auto native = base::lower(column.native_type);
  return column.type.kind == Kind::text && (native == "numeric" || native == "decimal");
}

int count_texts(const model::Columns& columns) {
  return static_cast<int>(std::count_if(columns.begin(), columns.end(), [](const auto& column) {
    return column.type.kind == Kind::text || column.type.kind == Kind::json;
  }));
}

class Writer {
 public:
  explicit Writer(const ScaffoldSource& source) : source_(source) {}

  void add_header(const model::Discovery& discovery, const std::string& file) {
    // A language server reads the first line; the file it names is this program's own schema.
    out_ += "# yaml-language-server: $schema=./rivet.schema.json\n";
    comment(0, "Written by rivet init: " + discovery.scope);
    comment(
        0, fmt::format("It runs as it is: rivet run -c {}. Each choice below is explained and yours to change.", file));
    comment(0, "An editor that knows YAML schemas checks it after: rivet schema config > rivet.schema.json");
    for (const auto& skipped : discovery.skipped) {
      comment(0, fmt::format("Left out: {}.{}: {}", skipped.schema, skipped.table, skipped.reason));
    }
  }

  void add_source() {
    out_ += fmt::format("\nsource:\n  type: {}\n", name_of(source_.type));
    out_ += fmt::format("  {}: {}", source_.key, yaml_value(source_.value));
    out_ += source_.remark.empty() ? "\n" : "  # " + one_line(source_.remark) + "\n";
    if (source_.tls_mode.empty()) return;
    out_ += fmt::format("  tls:\n    mode: {}\n", source_.tls_mode);
    if (!source_.ca_file.empty()) out_ += fmt::format("    ca_file: {}\n", yaml_value(source_.ca_file));
  }

  void begin_exports() { out_ += "\nexports:\n"; }

  void add_export(const DiscoveredTable& table, const std::string& name) {
    out_ += fmt::format("  - name: {}\n", yaml_value(name));
    add_relation(table);
    add_mode(table);
    add_format(table);
    add_meta_columns(table);
    add_destination(name);
    add_columns(table);
  }

  std::string take() { return std::move(out_); }

 private:
  void comment(int indent, std::string_view text) { out_ += yaml_comment(indent, text); }
  void line(std::string_view key, std::string_view value, std::string_view remark = {}) {
    out_ += fmt::format("    {}: {}{}{}\n", key, value, remark.empty() ? "" : "  # ", remark);
  }
  void name_line(std::string_view key, std::string_view name) { line(key, yaml_value(name)); }

  void add_relation(const DiscoveredTable& table) {
    auto relation = table.entry.relation();
    if (!table.entry.needs_schema) relation.schema.clear();
    if (table.misfits.readable_query.empty()) return name_line("table", spelled_table_name(relation));
    comment(4, fmt::format("REVIEW: some column of {} holds values that no one type carries; this reads the bytes of "
                           "each value of such a column",
                           model::display_name(table.entry.relation())));
    name_line("query", table.misfits.readable_query);
  }

  void add_mode(const DiscoveredTable& table) {
    const auto& suggestion = table.suggestion;
    comment(4, suggestion.reason);
    for (const auto& note : table.notes) comment(4, "NOTE: " + note);
    line("mode", suggestion.mode);
    if (suggestion.mode == "chunked") add_chunks(table);
    if (suggestion.mode == "incremental") add_cursor(table);
    if (suggestion.mode == "time_window") {
      name_line("time_column", suggestion.cursor);
      line("days_window", "7", "each run replaces the output by the last 7 days and today");
    }
  }

  void add_chunks(const DiscoveredTable& table) {
    const auto& suggestion = table.suggestion;
    if (!suggestion.chunk_column.empty()) name_line("chunk_column", suggestion.chunk_column);
    if (suggestion.chunk_by_key.size() == 1) name_line("chunk_by_key", suggestion.chunk_by_key.front());
    if (suggestion.chunk_by_key.size() > 1) {
      std::vector<std::string> names;
      for (const auto& name : suggestion.chunk_by_key) names.push_back(yaml_value(name));
      line("chunk_by_key", fmt::format("[{}]", fmt::join(names, ", ")));
    }
    line("chunk_size", std::to_string(suggestion.chunk_size), "rows");
    if (suggestion.parallel > 1) line("parallel", std::to_string(suggestion.parallel), "connections");
    line("chunk_checkpoint", "true", "a run that dies goes on behind the last chunk it finished");
    if (table.cursors.empty()) return;
    comment(4, fmt::format("Each run reads the whole table. To read only what is new: mode: incremental with "
                           "cursor_column: {}, instead of the keys that begin with chunk",
                           table.cursors.front().column));
  }

  void add_cursor(const DiscoveredTable& table) {
    name_line("cursor_column", table.suggestion.cursor);
    if (table.suggestion.fallback.empty()) return;
    name_line("cursor_fallback_column", table.suggestion.fallback);
    line("incremental_cursor_mode", "coalesce");
  }

  void add_format(const DiscoveredTable& table) {
    line("format", "parquet");
    if (table.suggestion.mode == "full") return;
    const bool wide = count_texts(table.columns) >= kWideTexts;
    out_ +=
        fmt::format("    parquet:\n      row_group_strategy: auto\n      target_row_group_mb: {}\n", wide ? 64 : 128);
  }

  void add_meta_columns(const DiscoveredTable& table) {
    if (std::any_of(table.columns.begin(), table.columns.end(), is_added_name)) {
      return comment(4, "no meta_columns: the table has columns of such names itself");
    }
    out_ +=
        "    meta_columns:  # more columns; take the block away to have none\n"
        "      exported_at: true  # _rivet_exported_at: when the run began\n";
    add_row_hash(table);
  }

  /// Lists have no hash, so that a table with some must say which columns count.
  void add_row_hash(const DiscoveredTable& table) {
    std::vector<std::string> hashed;
    for (const auto& column : table.columns) {
      if (column.type.kind != Kind::list) hashed.push_back(yaml_value(column.name));
    }
    const bool all = hashed.size() == table.columns.size();
    if (hashed.empty()) return comment(6, "no row_hash: every column is a list, which has no hash");
    out_ += fmt::format("      row_hash: {}  # _rivet_row_hash: a hash of the row{}, to find changes by\n",
                        all ? "true" : fmt::format("[{}]", fmt::join(hashed, ", ")), all ? "" : " without its lists");
  }

  void add_destination(const std::string& name) {
    out_ += "    destination:\n      type: local\n";
    out_ += fmt::format("      path: {}  # holds the parts, their manifest and a marker\n",
                        yaml_value("./output/" + name + "/"));
  }

  void add_columns(const DiscoveredTable& table) {
    if (!table.misfits.overrides.empty()) {
      out_ += "    columns:  # some value of these is not what the column was declared for\n";
      for (const auto& [name, type] : table.misfits.overrides) {
        out_ += fmt::format("      {}: {}\n", yaml_key(name), model::to_string(type));
      }
    }
    add_decimal_hints(table);
  }

  /// Exact text runs whatever the values are, so the narrower type is only offered.
  void add_decimal_hints(const DiscoveredTable& table) {
    std::string hints;
    for (const auto& column : table.columns) {
      if (!is_unbounded_decimal(column) || table.misfits.overrides.contains(column.name)) continue;
      hints += fmt::format("    #   {}: decimal(38,18)  # REVIEW: declared without precision and scale\n",
                           yaml_key(column.name));
    }
    if (hints.empty()) return;
    comment(4,
            "Numbers without a declared precision travel as exact text. Where you know how many digits they have, "
            "say so; a value that does not fit then stops the export:");
    out_ += "    # columns:\n" + hints;
  }

  const ScaffoldSource& source_;
  std::string out_;
};

}  // namespace

std::vector<std::string> export_names(const std::vector<DiscoveredTable>& tables) {
  std::map<std::string, int> uses;
  for (const auto& table : tables) ++uses[base::lower(as_file_name(table.entry.name))];
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (const auto& [entry, columns, misfits, cursors, chunks, fallback, suggestion, notes] : tables) {
    auto stem = as_file_name(entry.name);
    if (uses[base::lower(stem)] > 1 && entry.needs_schema) stem = as_file_name(entry.schema + "_" + entry.name);
    auto name = stem;
    for (int number = 2; !taken.insert(base::lower(name)).second; ++number) name = fmt::format("{}_{}", stem, number);
    names.push_back(std::move(name));
  }
  return names;
}

std::string scaffold(const model::Discovery& discovery, const ScaffoldSource& source, const std::string& file) {
  Writer writer(source);
  writer.add_header(discovery, file);
  writer.add_source();
  writer.begin_exports();
  const auto names = export_names(discovery.tables);
  for (std::size_t i = 0; i < names.size(); ++i) writer.add_export(discovery.tables[i], names[i]);
  return writer.take();
}

}  // namespace rivet::config
