// SPDX-License-Identifier: Apache-2.0
// libcurl, with every default that could surprise set by hand.
#include "notify/http.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

namespace rivet::notify {
namespace {

constexpr std::size_t kReadBytes = 16U << 10U;  // of the answer, then the transfer ends
constexpr std::size_t kShownBytes = 200;

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

/// The beginning of the answer; nothing is refused before the limit, so that small answers end properly.
std::size_t keep(char* data, std::size_t, std::size_t bytes, void* target) {
  auto& answer = *static_cast<std::string*>(target);
  const auto room = kReadBytes - answer.size();
  answer.append(data, std::min(bytes, room));
  return bytes <= room ? bytes : 0;
}

Result<Headers> make_headers(const Post& request) {
  Headers list(nullptr, &curl_slist_free_all);
  const auto add = [&](const std::string& line) {
    auto* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return false;
    list.release();
    list.reset(longer);
    return true;
  };
  bool complete = add("Content-Type: application/json") && add("Expect:");
  for (const auto& [name, value] : request.headers) {
    complete = complete && add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  if (complete) return list;
  return fail(ErrorKind::internal, "no memory for the request's headers");
}

bool configure(CURL* curl, const Post& request, const curl_slist* headers, std::string& answer, char* error) {
  const auto milliseconds = static_cast<long>(request.timeout.count());
  const std::array results{
      curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error),
      curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str()),
      curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https"),
      curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L),
      curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L),
      curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L),
      curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L),
      curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds),
      curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
      curl_easy_setopt(curl, CURLOPT_USERAGENT, "rivet/" RIVET_VERSION),
      curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers),
      curl_easy_setopt(curl, CURLOPT_POST, 1L),
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size())),
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data()),
      curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &keep),
      curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer),
  };
  return std::all_of(results.begin(), results.end(), [](CURLcode code) { return code == CURLE_OK; });
}

/// The beginning of an answer as it may stand in a message.
std::string shown(const std::string& answer) {
  std::string out;
  for (const unsigned char c : answer.substr(0, kShownBytes)) out += c < 0x20 || c >= 0x7F ? ' ' : static_cast<char>(c);
  const auto last = out.find_last_not_of(' ');
  out.resize(last == std::string::npos ? 0 : last + 1);
  return out;
}

tl::unexpected<Error> refused(long status, const std::string& answer) {
  const auto text = shown(answer);
  return fail(ErrorKind::permanent, fmt::format("the server answered {}{}{}", status,
                                                status / 100 == 3 ? ", a redirect, which is not followed" : "",
                                                text.empty() ? "" : ": " + text));
}

}  // namespace

HttpLibrary::HttpLibrary() { curl_global_init(CURL_GLOBAL_DEFAULT); }
HttpLibrary::~HttpLibrary() { curl_global_cleanup(); }

Result<void> post(const Post& request) {
  const Handle curl(curl_easy_init(), &curl_easy_cleanup);
  if (!curl) return fail(ErrorKind::internal, "the HTTP library does not start");
  const auto headers = TRY(make_headers(request));
  std::string answer;
  std::array<char, CURL_ERROR_SIZE> error{};
  if (!configure(curl.get(), request, headers.get(), answer, error.data())) {
    return fail(ErrorKind::internal, "the HTTP library does not take the request");
  }
  const auto code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  const bool was_cut = code == CURLE_WRITE_ERROR && answer.size() == kReadBytes;
  if (code != CURLE_OK && !was_cut) {
    return fail(ErrorKind::unavailable, error[0] != '\0' ? error.data() : curl_easy_strerror(code));
  }
  if (status / 100 == 2) return {};
  return refused(status, answer);
}

}  // namespace rivet::notify
