// SPDX-License-Identifier: Apache-2.0
// The file behind a link is replaced, not the link.
#include "cli/wave_hints.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/annotate.hpp"

namespace rivet::cli {
namespace {

namespace fs = std::filesystem;

/// What each export lacks; with `renew` what it should have.
std::vector<config::Annotation> missing_hints(const config::Config& config, const plan::Campaign& campaign,
                                              bool renew) {
  std::vector<config::Annotation> out;
  for (const auto& one : campaign.ordered) {
    for (const auto& entry : config.exports) {
      if (entry.name != one.export_name) continue;
      config::Annotation hint{.export_name = entry.name, .wave = {}, .parallel_safe = {}};
      if (renew || !entry.wave) hint.wave = one.wave;
      if (renew || !entry.parallel_safe) hint.parallel_safe = one.is_light() && !one.isolate_on_source;
      if (hint.wave || hint.parallel_safe) out.push_back(std::move(hint));
    }
  }
  return out;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string waves_text(const std::vector<config::Annotation>& hints) {
  std::vector<std::string> out;
  for (const auto& hint : hints) {
    if (hint.wave) out.push_back(fmt::format("{}: {}", hint.export_name, *hint.wave));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

}  // namespace

Result<void> write_wave_hints(const config::Config& config, const plan::Campaign& campaign, bool renew,
                              Context& context) {
  const auto hints = missing_hints(config, campaign, renew);
  if (hints.empty()) return {};
  std::error_code failed;
  const auto file = fs::canonical(config.file, failed);
  if (::access(file.c_str(), W_OK) != 0 || ::access(file.parent_path().c_str(), W_OK) != 0) {
    context.screen.print(
        fmt::format("{} cannot be written: waves are left out of it ({})", config.file.string(), waves_text(hints)));
    return {};
  }
  const auto text = text_of(file);
  const auto annotated = config::annotate(text, hints);
  if (!annotated.changed.empty()) {
    if (text_of(file) != text) {
      context.screen.print(fmt::format("{} has just been changed: waves are left out of it", config.file.string()));
      return {};
    }
    TRY(report::rewrite_file(file, annotated.text));
    context.screen.print(fmt::format("{}: wave and parallel_safe written for {} ({})", config.file.string(),
                                     fmt::join(annotated.changed, ", "), waves_text(hints)));
  }
  for (const auto& name : annotated.refused) {
    context.screen.print(fmt::format(
        "{}: export '{}' is written in a way that a line cannot be added to: set wave and parallel_safe by hand",
        config.file.string(), name));
  }
  return {};
}

}  // namespace rivet::cli
