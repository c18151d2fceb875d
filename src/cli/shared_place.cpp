// SPDX-License-Identifier: Apache-2.0
// The store knows what the file must say; whoever is on the first host may write it again.
#include "cli/shared_place.hpp"

#include <fmt/format.h>

#include "config/context.hpp"
#include "report/file.hpp"
#include "run/owner.hpp"

namespace rivet::cli {
namespace {

constexpr std::size_t kProbeBytes = 4096;

/// What stands in the file; empty when there is none.
std::string probe_in(const std::filesystem::path& folder) {
  return config::read_small_file(folder / kProbeFile, kProbeBytes).value_or("");
}

}  // namespace

Result<void> require_shared_place(cascade::Store& store, const std::filesystem::path& folder, const std::string& host) {
  const auto [token, first_host] = TRY(store.probe(folder.string(), run::make_nonce() + run::make_nonce(), host));
  if (probe_in(folder) == token) return {};
  if (first_host == host) {
    return report::write_file(folder / kProbeFile, token);
  }
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("{} is not the same folder on {} as on {}, which writes to it too",
                                           folder.string(), host, first_host),
                    .code = "RIVET_DESTINATION_NOT_SHARED",
                    .hint = "mount one folder on all hosts, use an object store, or run workers on one host only"});
}

}  // namespace rivet::cli
