// SPDX-License-Identifier: Apache-2.0
// Texts of libpq, tidied and told apart.
#include "pq/libpq.hpp"

#include <cctype>
#include <sstream>
#include <string_view>

namespace rivet::pq {
namespace {

/// libpq repeats a line for each way it tried (with and without TLS, each address); once is enough.
std::string without_repetition(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (out.find(line) == std::string::npos) out += (out.empty() ? "" : "\n") + line;
  }
  return out;
}

bool contains(std::string_view text, std::string_view what) { return text.find(what) != std::string_view::npos; }

}  // namespace

Keywords::Keywords(const std::vector<std::pair<std::string, std::string>>& params) {
  for (const auto& [name, value] : params) {
    names_.push_back(name.c_str());
    values_.push_back(value.c_str());
  }
  names_.push_back(nullptr);
  values_.push_back(nullptr);
}

void drop_notices(PGconn* connection) {
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
}

PgHandle connect_with(const std::vector<std::pair<std::string, std::string>>& params) {
  const Keywords keywords(params);
  PgHandle handle(PQconnectdbParams(keywords.names(), keywords.values(), 0), PQfinish);
  if (handle != nullptr) drop_notices(handle.get());
  return handle;
}

ConnectFailure connect_failure(const std::string& text) {
  if (contains(text, "authentication failed") || contains(text, "no password supplied") ||
      contains(text, "no pg_hba.conf entry") || contains(text, "role \"") || contains(text, "SASL") ||
      contains(text, "permission denied for database")) {
    return ConnectFailure::login;
  }
  if (contains(text, "database \"") && contains(text, "does not exist")) return ConnectFailure::database;
  if (contains(text, "certificate") || contains(text, "SSL") || contains(text, "sslmode")) return ConnectFailure::tls;
  if (contains(text, "invalid connection option") || contains(text, "invalid value for")) {
    return ConnectFailure::option;
  }
  return ConnectFailure::unreachable;
}

std::string connect_text(const PGconn* connection) { return without_repetition(trimmed(PQerrorMessage(connection))); }

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  return text;
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

std::string message_of(const PGresult* result) {
  auto message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (const auto detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) message += " (" + detail + ")";
  if (const auto at = field(result, PG_DIAG_STATEMENT_POSITION); !at.empty()) message += " at character " + at;
  return message;
}

}  // namespace rivet::pq
