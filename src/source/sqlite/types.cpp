// SPDX-License-Identifier: Apache-2.0
// Affinity rules, and the declared names that mean more than their affinity.
#include "source/sqlite/types.hpp"

#include "base/text.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace rivet::source::sqlite {
namespace {

using Kind = model::LogicalKind;
using Rule = Declared::Rule;

/// The name in front of any parameters, without trailing blanks.
std::string_view base_name(std::string_view declared) {
  auto name = declared.substr(0, declared.find('('));
  while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
  return name;
}

std::optional<Kind> kind_by_name(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Kind>, 8> names{{
      {"BOOLEAN", Kind::boolean},
      {"BOOL", Kind::boolean},
      {"DATE", Kind::date},
      {"TIME", Kind::time},
      {"DATETIME", Kind::timestamp},
      {"TIMESTAMP", Kind::timestamp},
      {"JSON", Kind::json},
      {"UUID", Kind::uuid},
  }};
  for (const auto& [known, kind] : names) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

/// DECIMAL(p) and DECIMAL(p,s) within our range.
std::optional<model::LogicalType> decimal_by_name(std::string_view name, std::string_view declared) {
  if ((name != "DECIMAL" && name != "NUMERIC") || declared.find('(') == std::string_view::npos) return std::nullopt;
  const auto parameters = declared.substr(declared.find('('));
  auto type = model::parse_override_type("decimal" + std::string(parameters));
  if (!type) return std::nullopt;
  return *type;
}

}  // namespace

Affinity affinity_of(std::string_view declared) {
  const auto name = base::upper(declared);
  const auto has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  if (has("INT")) return Affinity::integer;
  if (has("CHAR") || has("CLOB") || has("TEXT")) return Affinity::text;
  if (name.empty() || has("BLOB")) return Affinity::blob;
  if (has("REAL") || has("FLOA") || has("DOUB")) return Affinity::real;
  return Affinity::numeric;
}

Declared declared_type(std::string_view declared) {
  const auto spelled = base::upper(declared);
  const auto name = base_name(spelled);
  if (const auto kind = kind_by_name(name)) return {Rule::by_name, {.kind = *kind}};
  if (auto decimal = decimal_by_name(name, spelled)) return {Rule::by_name, std::move(*decimal)};
  switch (affinity_of(spelled)) {
    case Affinity::integer: return {Rule::settled, {.kind = Kind::int64}};
    case Affinity::real: return {Rule::settled, {.kind = Kind::float64}};
    case Affinity::text: return {Rule::settled, {.kind = Kind::text}};
    case Affinity::blob: return {name.empty() ? Rule::by_storage : Rule::settled, {.kind = Kind::binary}};
    case Affinity::numeric: break;
  }
  return {};
}

}  // namespace rivet::source::sqlite
