// SPDX-License-Identifier: Apache-2.0
// Message, hint and context of an error, each cleaned.
#include "run/cleaned.hpp"

namespace rivet::run {

base::Error cleaned(base::Error error, const base::Redactor& redactor) {
  error.message = redactor.clean(error.message);
  error.hint = redactor.clean(error.hint);
  for (auto& doing : error.context) doing = redactor.clean(doing);
  return error;
}

}  // namespace rivet::run
