// SPDX-License-Identifier: Apache-2.0
// How the program's JSON documents are made: absent is null, text is never refused, secrets are removed value by value.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/redact.hpp"
#include "model/json_fields.hpp"

namespace rivet::report {

using model::or_null;

/// What an error says, and the class of exit codes it belongs to. Nothing is cleaned yet.
nlohmann::ordered_json error_json(const base::Error& error);

/// Cleans every string value of the document. Done before dumping, so that cleaning can never break its syntax.
template <class Json>
Json redacted(Json document, const base::Redactor& redactor) {
  if (document.is_string()) return redactor.clean(document.template get_ref<const std::string&>());
  if (document.is_structured()) {
    for (auto& element : document) element = redacted(std::move(element), redactor);
  }
  return document;
}

/// Indented text with a final newline; bytes that are not UTF-8 become U+FFFD.
template <class Json>
std::string dump(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// The same on one line, without a newline.
template <class Json>
std::string dump_line(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rivet::report
