// SPDX-License-Identifier: Apache-2.0
// One list, then a few cheap questions for each relation that is left of it.
#include "inspect/discover.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/fault_point.hpp"
#include "base/text.hpp"
#include "config/document.hpp"
#include "plan/suggest.hpp"
#include "state/schema.hpp"

namespace rivet::inspect {
namespace {

using model::CatalogueEntry;
using Entries = std::vector<CatalogueEntry>;

std::string_view title_of(config::SourceType type) {
  switch (type) {
    case config::SourceType::postgres: return "PostgreSQL";
    case config::SourceType::mysql: return "MySQL";
    case config::SourceType::mssql: return "SQL Server";
    case config::SourceType::sqlite: return "SQLite";
    case config::SourceType::mongo: return "MongoDB";
  }
  return "";
}

/// The tables that a state store consists of.
std::set<std::string, std::less<>> state_tables() {
  std::set<std::string, std::less<>> names;
  constexpr std::string_view start = "CREATE TABLE ";
  for (const auto& migration : state::migrations()) {
    auto text = migration.tables;
    for (auto at = text.find(start); at != std::string_view::npos; at = text.find(start)) {
      text.remove_prefix(at + start.size());
      names.emplace(text.substr(0, text.find_first_of(" (")));
    }
  }
  return names;
}

/// A schema that has every table of the state store holds one.
void leave_out_own_state(Entries& entries) {
  const auto own = state_tables();
  std::map<std::string, std::size_t> found;
  for (const auto& entry : entries) found[entry.schema] += own.contains(entry.name) ? 1 : 0;
  for (auto& entry : entries) {
    const bool holds_state = found[entry.schema] == own.size();
    if (holds_state && own.contains(entry.name)) entry.left_out = "a part of rivet's own state";
  }
}

Error no_such_schema(const std::string& schema, const Entries& all) {
  std::set<std::string> schemas;
  for (const auto& entry : all) schemas.insert(entry.schema);
  const std::vector<std::string_view> names(schemas.begin(), schemas.end());
  const auto close = base::did_you_mean(schema, names);
  return {.kind = ErrorKind::config,
          .message = fmt::format("schema '{}' has no tables and views, or there is no such schema", schema),
          .hint = close ? fmt::format("did you mean '{}'?", *close)
                        : fmt::format("schemas with tables: {}", fmt::join(names, ", "))};
}

Result<Entries> list(source::Session& session, const Scope& scope) {
  auto entries = TRY(session.catalogue(scope.schema));
  if (entries.empty() && !scope.schema.empty()) {
    return fail(no_such_schema(scope.schema, TRY(session.catalogue(""))));
  }
  leave_out_own_state(entries);
  return entries;
}

double as_number(const model::KeyValues& key) {
  double value = 0;
  if (!key.empty()) std::from_chars(key.front().data(), key.front().data() + key.front().size(), value);
  return value;
}

/// How far the integer key of a large relation reaches; nothing where that would not be cheap.
Result<std::optional<plan::KeySpan>> probe_span(source::Session& session, const plan::RelationFacts& facts) {
  const auto* key = plan::integer_key(facts.inventory);
  if (key == nullptr || facts.entry.row_estimate.value_or(0) < plan::kProbedRows) return std::optional<plan::KeySpan>();
  const auto extent = TRY(session.key_extent(facts.entry.relation(), {{key->name}}));
  if (!extent.first || !extent.last) return std::optional<plan::KeySpan>();
  return std::optional(plan::KeySpan{key->name, as_number(*extent.last) - as_number(*extent.first) + 1});
}

Result<plan::RelationFacts> look_at(source::Session& session, const CatalogueEntry& entry) {
  plan::RelationFacts facts{.entry = entry, .inventory = TRY(session.describe(entry.relation(), {}))};
  facts.misfits = TRY(session.misfits(entry.relation(), facts.inventory.columns));
  for (auto& column : facts.inventory.columns) {
    const auto carried = facts.misfits.overrides.find(column.name);
    if (carried != facts.misfits.overrides.end()) column.type = carried->second;
  }
  if (!facts.entry.row_estimate) facts.entry.row_estimate = TRY(session.row_estimate(entry.relation()));
  facts.span = TRY(probe_span(session, facts));
  return facts;
}

/// Why one relation is skipped; nothing when the error concerns more than it.
std::optional<std::string> skip_reason(const source::Session& session, const Error& error) {
  if (session.fault_of(error) == source::RelationFault::none) return std::nullopt;
  return error.hint.empty() ? error.message : fmt::format("{}; {}", error.message, error.hint);
}

/// A configuration file is UTF-8 text, and so are the names in output files.
bool has_readable_names(const CatalogueEntry& entry, const model::Columns& columns) {
  return config::is_utf8(entry.name) &&
         std::all_of(columns.begin(), columns.end(), [](const auto& column) { return config::is_utf8(column.name); });
}

class Discoverer {
 public:
  Discoverer(source::Session& session, config::SourceType type, const DiscoverOptions& options)
      : session_(session), type_(type), options_(options) {}

  Result<Discovered> run() {
    const auto chosen = TRY(choose(TRY(list(session_, options_.scope)), options_.scope));
    base::fault_point("catalogue_listed");
    for (const auto& pattern : chosen.unused_excludes) {
      out_.warnings.push_back(fmt::format("--exclude '{}' fits no table or view", pattern));
    }
    for (const auto& entry : chosen.entries) TRY(add(entry));
    if (out_.discovery.tables.empty()) return fail(first_);
    out_.discovery.source_type = std::string(config::name_of(type_));
    out_.discovery.scope = scope_text();
    return std::move(out_);
  }

 private:
  Result<void> add(const CatalogueEntry& entry) {
    if (!entry.unreadable.empty()) {
      skip(entry, entry.unreadable,
           {.kind = ErrorKind::auth, .message = model::display_name(entry.relation()), .hint = entry.unreadable});
      return {};
    }
    auto facts = look_at(session_, entry);
    if (facts && !has_readable_names(entry, facts->inventory.columns)) {
      facts = fail(ErrorKind::permanent, "its name, or that of a column, is not UTF-8 text");
    }
    if (facts) {
      out_.discovery.tables.push_back(plan::suggest(*facts, options_.mode));
      return {};
    }
    const auto reason = skip_reason(session_, facts.error());
    if (!reason) return fail(facts.error());
    skip(entry, *reason, facts.error());
    return {};
  }

  void skip(const CatalogueEntry& entry, std::string reason, Error error) {
    if (out_.discovery.skipped.empty()) first_ = std::move(error);
    out_.warnings.push_back(fmt::format("{} is left out: {}", model::display_name(entry.relation()), reason));
    out_.discovery.skipped.push_back({entry.schema, entry.name, std::move(reason)});
  }

  std::string scope_text() const {
    const auto count = out_.discovery.tables.size();
    const auto objects = fmt::format("({} object{})", count, count == 1 ? "" : "s");
    std::set<std::string> schemas;
    for (const auto& table : out_.discovery.tables) schemas.insert(table.entry.schema);
    if (type_ == config::SourceType::sqlite) return fmt::format("{} database {}", title_of(type_), objects);
    if (schemas.size() > 1) return fmt::format("{}, {} schemas {}", title_of(type_), schemas.size(), objects);
    return fmt::format("{} schema \"{}\" {}", title_of(type_), *schemas.begin(), objects);
  }

  source::Session& session_;
  const config::SourceType type_;
  const DiscoverOptions& options_;
  Discovered out_;
  Error first_;
};

}  // namespace

Result<Discovered> discover(source::Session& session, config::SourceType type, const DiscoverOptions& options) {
  return Discoverer(session, type, options).run();
}

}  // namespace rivet::inspect
