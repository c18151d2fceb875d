// SPDX-License-Identifier: Apache-2.0
// The `source:` block.
#pragma once

#include "config/config.hpp"
#include "config/context.hpp"
#include "config/section.hpp"
#include "config/tuning.hpp"

#include <optional>
#include <string_view>

namespace rivet::config {

/// The source and the tuning its exports start from.
struct SourceBlock {
  Source source;
  TuningBlock tuning;
};

/// Reads `source:`, resolving files and variables it points to. Credentials go to the redactor first.
SourceBlock read_source(Section& section, Context& context);

/// A source that a URL alone describes.
struct UrlSource {
  Source source;            ///< a sqlite file as the URL spells it
  bool has_secret = false;  ///< the URL holds a password, or what looks like one
};

/// Reads a URL, and a `tls:` block beside it, as `source:` would. Kind config for a URL that cannot be read and for a
/// host beyond this machine without a decision on TLS. Secrets go to the redactor first.
Result<UrlSource> source_from_url(std::string_view url, const std::optional<Tls>& tls, base::Redactor& redactor);

}  // namespace rivet::config
