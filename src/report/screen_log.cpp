// SPDX-License-Identifier: Apache-2.0
// One sink, in the same line format as the plain logger.
#include "report/screen_log.hpp"

#include <mutex>

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>

namespace rivet::report {
namespace {

class ScreenSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit ScreenSink(Screen& screen) : screen_(screen) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto level = spdlog::level::to_string_view(message.level);
    screen_.print(std::string(level.data(), level.size()) + ": " +
                  std::string(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

 private:
  Screen& screen_;
};

}  // namespace

std::shared_ptr<spdlog::logger> make_screen_logger(const spdlog::logger& like, Screen& screen) {
  auto logger = std::make_shared<spdlog::logger>(like.name(), std::make_shared<ScreenSink>(screen));
  logger->set_level(like.level());
  return logger;
}

}  // namespace rivet::report
