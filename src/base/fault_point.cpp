// SPDX-License-Identifier: Apache-2.0
// Reads the test hooks from the environment once and acts on them.
#include "base/fault_point.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace rivet::base {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): read once, before threads write it
  return value == nullptr ? std::string() : std::string(value);
}

struct Hooks {
  std::string panic_at, pause_at, pause_file;
  std::atomic<int> passes_left{1};

  Hooks() : panic_at(environment("RIVET_TEST_PANIC_AT")) {
    if (const auto colon = panic_at.find(':'); colon != std::string::npos) {
      passes_left = std::atoi(panic_at.c_str() + colon + 1);
      panic_at.resize(colon);
    }
    const auto pause = environment("RIVET_TEST_PAUSE_AT");
    if (const auto equals = pause.find('='); equals != std::string::npos) {
      pause_at = pause.substr(0, equals);
      pause_file = pause.substr(equals + 1);
    }
  }
};

void wait_for(const std::string& file) {
  std::ofstream(file + ".reached") << "reached\n";
  while (!std::filesystem::exists(file)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

}  // namespace

void fault_point(std::string_view name) {
  static Hooks hooks;
  if (hooks.panic_at == name && --hooks.passes_left == 0) std::raise(SIGKILL);
  if (hooks.pause_at == name) wait_for(hooks.pause_file);
}

}  // namespace rivet::base
