// SPDX-License-Identifier: Apache-2.0
// Field names are those that users' scripts read.
#include "report/json.hpp"

namespace rivet::report {

nlohmann::ordered_json error_json(const base::Error& error) {
  return {{"error", error.to_string()},
          {"exit_class", base::exit_class_of(error.kind)},
          {"code", or_null(error.code)},
          {"kind", base::name_of(error.kind)},
          {"hint", or_null(error.hint)}};
}

}  // namespace rivet::report
