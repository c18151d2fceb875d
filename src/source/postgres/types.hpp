// SPDX-License-Identifier: Apache-2.0
// PostgreSQL types to logical types: which one carries a column, how it must be selected, and what then
// arrives on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <libpq-fe.h>

#include "base/result.hpp"
#include "model/column.hpp"

namespace rivet::source::postgres {

/// What the catalogue says about the type of a column.
struct NativeType {
  Oid oid = 0;          ///< of the type itself; for a domain, of its base type
  int modifier = -1;    ///< typmod, -1 for none
  char category = 'b';  ///< pg_type.typtype: b base, e enum, c composite, d domain, r range, ...
  Oid element = 0;      ///< of a true array; else 0
  int dimensions = 0;   ///< declared array dimensions, 0 when unknown
  bool is_domain = false;
  std::string name;  ///< as format_type spells it
};

/// Binary formats that we decode (the `*_send` functions of the server).
enum class Wire {
  boolean,
  int2,
  int4,
  int8,
  oid,
  float4,
  float8,
  numeric,
  date,
  time,
  timestamp,
  text,
  bytea,
  jsonb,
  uuid
};

/// How a column travels: cast in the select list (empty: none), then this wire format into this type.
struct Transport {
  model::LogicalType type;
  Wire wire = Wire::text;  ///< of the element when type is a list
  std::string cast = {};   ///< `text`, `text[]`, `numeric`, ...
  std::string keeps = {};  ///< when the cast keeps the whole value, `{0}` being its text; empty: always, or it fails
  model::Fidelity fidelity = model::Fidelity::exact;
  std::string warning = {};  ///< why the type is not the native one's exact counterpart
};

/// The exact carrier of a type; exact text with a warning where there is none.
Transport transport_of(const NativeType& native);

/// The carrier the user asked for. Kind config when the conversion could change a value.
Result<Transport> transport_of(const NativeType& native, const model::LogicalType& wanted);

}  // namespace rivet::source::postgres
