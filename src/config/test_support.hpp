// SPDX-License-Identifier: Apache-2.0
// Temporary configuration files for the tests of this folder.
#pragma once

#include "config/load.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include <unistd.h>

namespace rivet::config::test {

/// A directory with files that is removed at the end of the test.
class Files {
 public:
  Files() {
    std::string name = (std::filesystem::temp_directory_path() / "rivet-config-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::filesystem::path write(const std::filesystem::path& name, std::string_view text) const {
    const auto file = directory_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

/// What a test gives to load() besides the file, and the redactor it used.
struct Surroundings {
  std::map<std::string, std::string> environment = {};
  std::map<std::string, std::string> params = {};
  base::Redactor redactor = {};

  LoadOptions options() const {
    return {.params = params, .environment = [this](std::string_view name) -> std::optional<std::string> {
              const auto found = environment.find(std::string(name));
              return found == environment.end() ? std::nullopt : std::optional(found->second);
            }};
  }
};

/// Loads `text` as the file `rivet.yaml` of `files`.
inline Result<Config> load_text(const Files& files, std::string_view text, Surroundings& around) {
  return load(files.write("rivet.yaml", text), around.options(), around.redactor);
}

/// The error message of a text that must not load, with the file's directory cut off.
inline std::string problems_of(const Files& files, std::string_view text, Surroundings& around) {
  const auto loaded = load_text(files, text, around);
  if (loaded) return "LOADED";
  auto message = loaded.error().message;
  const auto prefix = files.directory().string() + "/";
  for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
    message.erase(at, prefix.size());
  }
  return message;
}

/// A correct file with one SQLite export; `extra` are further lines of the export, indented by four blanks.
inline std::string with_export(std::string_view extra) {
  return std::string(
             "source: {type: sqlite, path: shop.db}\n"
             "exports:\n"
             "  - name: orders\n"
             "    table: orders\n"
             "    format: parquet\n"
             "    destination: {type: local, path: out}\n") +
         std::string(extra);
}

/// A correct export below the given `source:` block.
inline std::string with_source(std::string_view source) {
  return std::string(source) +
         "\nexports:\n  - {name: orders, table: orders, format: csv, destination: {type: local, path: out}}\n";
}

}  // namespace rivet::config::test
