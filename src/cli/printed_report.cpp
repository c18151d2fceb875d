// SPDX-License-Identifier: Apache-2.0
// Colours only where the terminal has them; a file has none.
#include "cli/printed_report.hpp"

#include <fmt/format.h>

namespace rivet::cli {

Result<void> print_report(const ReportForms& forms, const std::string& format, const std::string& output,
                          const Context& context) {
  const bool json = format == "json";
  if (output.empty()) {
    return json ? context.print_json(forms.json())
                : context.print(forms.text({.colour = report::detect_terminal(1).colour}));
  }
  TRY(report::write_file(output, json ? report::dump(report::redacted(forms.json(), context.redactor))
                                      : context.redactor.clean(forms.text({}))));
  context.screen.print(fmt::format("report written to {}", output));
  return {};
}

}  // namespace rivet::cli
