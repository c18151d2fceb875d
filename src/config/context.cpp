// SPDX-License-Identifier: Apache-2.0
// Reading of the files a configuration consists of.
#include "config/context.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace rivet::config {
namespace {

constexpr std::size_t kNameBytes = 4096;

}  // namespace

Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t limit) {
  const auto name = file.string();
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::config, fmt::format("cannot read '{}': {}", name.substr(0, kNameBytes), why));
  };
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) return refuse(error ? error.message() : "there is no such file");
  if (!std::filesystem::is_regular_file(status)) return refuse("it is not a regular file");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return refuse(errno != 0 ? std::strerror(errno) : "it does not open");
  std::string text(limit + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return refuse("reading failed");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > limit) return refuse(fmt::format("it is larger than {} bytes", limit));
  return text;
}

}  // namespace rivet::config
