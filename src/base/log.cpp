// SPDX-License-Identifier: Apache-2.0
// A sink that cleans each line before spdlog's own stderr sink writes it.
#include "base/log.hpp"

#include <cstdlib>
#include <mutex>
#include <string>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

namespace rivet::base {
namespace {

class RedactingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit RedactingSink(const Redactor& redactor)
      : redactor_(redactor), inner_(std::make_shared<spdlog::sinks::stderr_color_sink_st>()) {
    if (std::getenv("NO_COLOR") != nullptr) inner_->set_color_mode(spdlog::color_mode::never);
    inner_->set_pattern("%^%l%$: %v");
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto cleaned = redactor_.clean({message.payload.data(), message.payload.size()});
    auto copy = message;
    copy.payload = cleaned;
    inner_->log(copy);
  }
  void flush_() override { inner_->flush(); }

 private:
  const Redactor& redactor_;
  std::shared_ptr<spdlog::sinks::stderr_color_sink_st> inner_;
};

spdlog::level::level_enum level_from_environment() {
  for (const char* name : {"RIVET_LOG", "RUST_LOG"}) {
    if (const char* value = std::getenv(name)) return spdlog::level::from_str(value);
  }
  return spdlog::level::warn;
}

}  // namespace

std::shared_ptr<spdlog::logger> make_logger(const Redactor& redactor) {
  auto logger = std::make_shared<spdlog::logger>("rivet", std::make_shared<RedactingSink>(redactor));
  logger->set_level(level_from_environment());
  return logger;
}

}  // namespace rivet::base
