// SPDX-License-Identifier: Apache-2.0
// Names first, then patterns; a typing mistake is an error and not an empty result.
#include "inspect/scope.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"

namespace rivet::inspect {
namespace {

using Entries = std::vector<model::CatalogueEntry>;

constexpr std::size_t kNamesShown = 8;

std::string full_name(const model::CatalogueEntry& entry) { return entry.schema + "." + entry.name; }

bool fits(const std::string& pattern, const model::CatalogueEntry& entry) {
  const auto matches = [&](const std::string& name) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; };
  return matches(entry.name) || matches(full_name(entry));
}

bool fits_any(const std::vector<std::string>& patterns, const model::CatalogueEntry& entry) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return fits(pattern, entry); });
}

/// The name that was most likely meant, else some of those there are.
std::string nearest(std::string_view word, const Entries& listed) {
  std::vector<std::string> names;
  for (const auto& entry : listed) {
    names.push_back(entry.name);
    names.push_back(full_name(entry));
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  if (const auto close = base::did_you_mean(word, views)) return fmt::format("did you mean '{}'?", *close);
  if (listed.empty()) return "there are no tables; check the name of the database";
  std::vector<std::string> some;
  for (const auto& entry : listed) {
    if (some.size() < kNamesShown) some.push_back(full_name(entry));
  }
  return fmt::format("there are {}{}", fmt::join(some, ", "),
                     listed.size() > some.size() ? fmt::format(" and {} more", listed.size() - some.size()) : "");
}

std::string without_wildcards(std::string_view pattern) {
  std::string out;
  std::copy_if(pattern.begin(), pattern.end(), std::back_inserter(out),
               [](char c) { return c != '*' && c != '?' && c != '[' && c != ']'; });
  return out;
}

bool is_named(const model::CatalogueEntry& entry, const model::Relation& wanted) {
  return entry.name == wanted.table && (wanted.schema.empty() || entry.schema == wanted.schema);
}

/// The relation of that name. Without a schema the one that the source itself would find goes first.
Result<model::CatalogueEntry> find_named(const Entries& listed, const model::Relation& wanted) {
  Entries found;
  for (const auto& entry : listed) {
    if (is_named(entry, wanted)) found.push_back(entry);
  }
  if (found.empty()) {
    return fail(ErrorKind::config, fmt::format("there is no table or view '{}'", model::display_name(wanted)),
                nearest(model::display_name(wanted), listed));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.needs_schema < b.needs_schema; });
  if (found.size() > 1 && found.front().needs_schema) {
    std::vector<std::string> names;
    for (const auto& entry : found) names.push_back(full_name(entry));
    return fail(ErrorKind::config, fmt::format("'{}' is in several schemas", wanted.table),
                fmt::format("write one of {}", fmt::join(names, ", ")));
  }
  return found.front();
}

Result<Entries> named(const Entries& listed, const std::vector<model::Relation>& tables) {
  Entries out;
  std::set<std::string> seen;
  for (const auto& wanted : tables) {
    auto entry = TRY(find_named(listed, wanted));
    entry.left_out.clear();  // who names it wants it
    if (seen.insert(full_name(entry)).second) out.push_back(std::move(entry));
  }
  return out;
}

Result<void> check_includes(const Entries& listed, const Scope& scope) {
  for (const auto& pattern : scope.include) {
    if (std::any_of(listed.begin(), listed.end(), [&](const auto& entry) { return fits(pattern, entry); })) continue;
    return fail(ErrorKind::config, fmt::format("--include '{}' fits no table or view", pattern),
                nearest(without_wildcards(pattern), listed));
  }
  return {};
}

Error nothing_left(const Entries& listed, const Chosen& chosen) {
  if (listed.empty())
    return {.kind = ErrorKind::config, .message = "there are no tables and views", .hint = "check the database"};
  if (!chosen.left_out.empty()) {
    const auto& first = chosen.left_out.front();
    return {.kind = ErrorKind::config,
            .message = fmt::format("nothing is left to export: {} is {}", full_name(first), first.left_out),
            .hint = "name a table with --table to have it all the same"};
  }
  return {.kind = ErrorKind::config,
          .message = "nothing is left to export: --exclude fits every table and view",
          .hint = "narrow the pattern"};
}

}  // namespace

Result<Chosen> choose(const Entries& listed, const Scope& scope) {
  const auto wanted = scope.tables.empty() ? listed : TRY(named(listed, scope.tables));
  TRY(check_includes(wanted, scope));
  Chosen chosen;
  for (const auto& entry : wanted) {
    if (!scope.include.empty() && !fits_any(scope.include, entry)) continue;
    if (fits_any(scope.exclude, entry)) continue;
    (entry.left_out.empty() ? chosen.entries : chosen.left_out).push_back(entry);
  }
  for (const auto& pattern : scope.exclude) {
    const bool used =
        std::any_of(wanted.begin(), wanted.end(), [&](const auto& entry) { return fits(pattern, entry); });
    if (!used) chosen.unused_excludes.push_back(pattern);
  }
  if (chosen.entries.empty()) return fail(nothing_left(wanted, chosen));
  return chosen;
}

}  // namespace rivet::inspect
