// SPDX-License-Identifier: Apache-2.0
// Looks at a source that nobody has described yet.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "inspect/scope.hpp"
#include "model/discovery.hpp"
#include "source/source.hpp"

namespace rivet::inspect {

struct DiscoverOptions {
  Scope scope;
  std::optional<config::Mode> mode = {};  ///< for all, where it is possible
};

/// A discovery, and what the user should hear about how it went.
struct Discovered {
  model::Discovery discovery;
  std::vector<std::string> warnings;
};

/// Lists, chooses and describes, one relation after another on the one session. Relations that are gone, broken or
/// out of this user's reach are skipped with a reason; any other error ends it. Kind config when nothing fits the
/// scope, the first relation's own trouble (auth or permanent) when nothing that fits can be read.
Result<Discovered> discover(source::Session& session, config::SourceType type, const DiscoverOptions& options);

}  // namespace rivet::inspect
