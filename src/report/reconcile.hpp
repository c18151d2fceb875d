// SPDX-License-Identifier: Apache-2.0
// The report of `rivet reconcile`.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "model/reconciliation.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// The document of `--format json`: the fields that scripts know, and ours. Digests are in the form of
/// model::to_string().
nlohmann::ordered_json reconciliation_json(const model::Reconciliation& result);

/// For people. `repair` is what to type about mismatches.
std::string reconciliation_text(const model::Reconciliation& result, const std::string& repair, const Style& style);

}  // namespace rivet::report
