// SPDX-License-Identifier: Apache-2.0
// One POST over HTTP, bounded in time and in what is read.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "base/result.hpp"

namespace rivet::notify {

/// The HTTP library of the process. One object at a time, owned by cli and alive while post() is called; no other
/// thread may use OpenSSL for the first time while it is made.
class HttpLibrary {
 public:
  HttpLibrary();
  ~HttpLibrary();
  HttpLibrary(const HttpLibrary&) = delete;
  HttpLibrary& operator=(const HttpLibrary&) = delete;
};

/// What is to be posted. URL and headers are secrets; a header of the name Content-Type is ours.
struct Post {
  std::string url;  ///< http or https
  std::map<std::string, std::string> headers;
  std::string body;                           ///< JSON
  std::chrono::milliseconds timeout{10'000};  ///< for everything: name, connection, TLS and answer
};

/// Sends it and waits for an answer of the 2xx kind. Certificates are verified, redirects are not followed, and of the
/// answer only the beginning is read. Error kinds: unavailable when there was no answer in time, permanent when the
/// server says no (its status and the beginning of its answer are in the message).
Result<void> post(const Post& request);

}  // namespace rivet::notify
