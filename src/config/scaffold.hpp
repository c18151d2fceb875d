// SPDX-License-Identifier: Apache-2.0
// A first configuration for what a discovery found, with a comment on every choice.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "model/discovery.hpp"

namespace rivet::config {

/// The `source:` block to write. It holds no secret: that is up to whoever fills it in.
struct ScaffoldSource {
  SourceType type = SourceType::postgres;
  std::string key;            ///< url, url_env, url_file or path
  std::string value;          ///< of that key
  std::string remark = {};    ///< a comment behind it
  std::string tls_mode = {};  ///< empty: no `tls:` block
  std::string ca_file = {};
};

/// YAML that load() accepts as it is, with one export for each table. `file` is how the user calls it, in hints.
std::string scaffold(const model::Discovery& discovery, const ScaffoldSource& source, const std::string& file);

/// Names for exports of these relations, in their order: fit for file names, distinct even where upper and lower case
/// count as the same.
std::vector<std::string> export_names(const std::vector<model::DiscoveredTable>& tables);

}  // namespace rivet::config
