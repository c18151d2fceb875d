// SPDX-License-Identifier: Apache-2.0
// From declared types to logical types: what the declaration settles and what only the values can tell.
#pragma once

#include "model/column.hpp"

#include <string_view>

namespace rivet::source::sqlite {

/// How SQLite treats values on their way into a column (https://www.sqlite.org/datatype3.html, section 3.1).
enum class Affinity { integer, real, text, blob, numeric };

/// The affinity that a declared type gives; no type at all gives blob.
Affinity affinity_of(std::string_view declared);

/// What a declared type says about the logical type.
struct Declared {
  enum class Rule {
    settled,     ///< `type` it is; a value that does not fit fails the read
    by_name,     ///< `type` when every value allows it, else exact text
    by_storage,  ///< the storage classes of the values decide
  };
  Rule rule = Rule::by_storage;
  model::LogicalType type = {};
};

/// Never fails: a declaration that says nothing is by_storage.
Declared declared_type(std::string_view declared);

/// What a column without a declared type, or an expression, is called as a native type.
inline constexpr std::string_view kUntyped = "untyped";

}  // namespace rivet::source::sqlite
