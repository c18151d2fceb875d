// SPDX-License-Identifier: Apache-2.0
// Query files must stay below the directory of the configuration, whatever links there are.
#include "config/relation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace rivet::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kQueryBytes = 4U << 20U;
constexpr std::array<std::string_view, 4> kBases{"query", "query_file", "table", "tables"};

/// Takes one name from the front; empty when there is none.
std::optional<std::string> take_name(std::string_view& rest) {
  std::string name;
  if (!rest.starts_with('"')) {
    name = std::string(rest.substr(0, rest.find('.')));
    rest.remove_prefix(name.size());
    const bool is_odd =
        name.empty() || name.find('"') != std::string::npos || name.front() == ' ' || name.back() == ' ';
    return is_odd ? std::nullopt : std::optional(std::move(name));
  }
  for (rest.remove_prefix(1); !rest.empty(); rest.remove_prefix(1)) {
    if (rest.starts_with("\"\"")) {
      rest.remove_prefix(1);
    } else if (rest.front() == '"') {
      rest.remove_prefix(1);
      return name.empty() ? std::nullopt : std::optional(std::move(name));
    }
    name += rest.front();
  }
  return std::nullopt;
}

/// Why a query file's name is not acceptable as written; empty when it is.
std::string_view refusal_of(const fs::path& name) {
  if (name.is_absolute()) return "must be relative to the configuration file";
  const bool climbs = std::any_of(name.begin(), name.end(), [](const auto& part) { return part == ".."; });
  return climbs ? "must not contain '..'" : "";
}

bool is_below(const fs::path& file, const fs::path& directory) {
  std::error_code error;
  const auto real_file = fs::canonical(file, error);
  if (error) return true;  // not there: reading it says so
  const auto real_directory = fs::canonical(directory, error);
  const auto [at, ignored] =
      std::mismatch(real_directory.begin(), real_directory.end(), real_file.begin(), real_file.end());
  return !error && at == real_directory.end();
}

Result<std::string> read_query_file(const fs::path& name, const Context& context) {
  const auto shown = context.problems.shown(name.string());
  if (const auto why = refusal_of(name); !why.empty()) {
    return fail(ErrorKind::config, fmt::format("'query_file' {}: '{}'", why, shown));
  }
  const auto file = context.directory / name;
  if (!is_below(file, context.directory)) {
    return fail(ErrorKind::config,
                fmt::format("'query_file' leads outside the configuration's directory by a link: '{}'", shown));
  }
  auto text = TRY(read_small_file(file, kQueryBytes));
  if (is_utf8(text) && text.find('\0') == std::string::npos) return text;
  return fail(ErrorKind::config, fmt::format("'query_file' is not UTF-8 text: '{}'", shown));
}

void set_query(Section& section, std::string_view key, std::string text, model::Relation& relation) {
  relation.query = without_end(std::move(text));
  if (relation.query.empty()) section.refuse(key, fmt::format("'{}' holds no statement", key));
}

void read_one(Section& section, std::string_view key, Context& context, model::Relation& relation) {
  const auto text = section.text(key);
  if (!text) return;
  if (key == "query") return set_query(section, key, *text, relation);
  if (key == "query_file") {
    auto query = read_query_file(*text, context);
    if (query) return set_query(section, key, std::move(*query), relation);
    return section.refuse(key, query.error().message);
  }
  auto parsed = parse_table_name(*text);
  if (parsed) {
    relation = std::move(*parsed);
  } else {
    section.refuse(key, fmt::format("'table' {}, not '{}'", parsed.error().message, context.problems.shown(*text)));
  }
}

std::string spelled_part(const std::string& name) {
  const bool is_plain = name.find_first_of(".\"") == std::string::npos && name.front() != ' ' && name.back() != ' ';
  if (is_plain) return name;
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

}  // namespace

std::string without_end(std::string text) {
  const auto last = text.find_last_not_of("; \t\r\n\f\v");
  text.resize(last == std::string::npos ? 0 : last + 1);
  return text;
}

std::string spelled_table_name(const model::Relation& relation) {
  const auto table = spelled_part(relation.table);
  return relation.schema.empty() ? table : spelled_part(relation.schema) + "." + table;
}

Result<model::Relation> parse_table_name(std::string_view text) {
  const auto refuse = [] {
    return fail(ErrorKind::config, "must be 'table' or 'schema.table', with double quotes around a name that has dots");
  };
  std::vector<std::string> names;
  for (auto rest = text;;) {
    auto name = take_name(rest);
    if (!name) return refuse();
    names.push_back(std::move(*name));
    if (rest.empty()) break;
    if (rest.front() != '.' || names.size() == 2) return refuse();
    rest.remove_prefix(1);
  }
  if (names.size() == 1) return model::Relation{.table = std::move(names[0])};
  return model::Relation{.schema = std::move(names[0]), .table = std::move(names[1])};
}

model::Relation read_relation(Section& section, Context& context) {
  const bool has_tables = section.unoffered("tables");
  const auto given = section.require_one_of(kBases, "one of 'query', 'query_file' and 'table'");
  model::Relation relation;
  if (given.size() > 1) {
    section.refuse(given[1], fmt::format("'{}' exclude each other: keep one", fmt::join(given, "', '")));
  } else if (has_tables) {
    section.refuse("tables", "'tables' belongs to 'mode: cdc'; give one export with 'table' for each");
  } else if (!given.empty()) {
    read_one(section, given.front(), context, relation);
  }
  return relation;
}

}  // namespace rivet::config
