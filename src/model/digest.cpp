// SPDX-License-Identifier: Apache-2.0
// Sums of table digests, and their hexadecimal form.
#include "model/digest.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace rivet::model {
namespace {

bool read_number(std::string_view text, int base, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

Digest& Digest::operator+=(const Digest& other) {
  rows += other.rows;
  low += other.low;
  high += other.high;
  if (columns.empty()) columns.resize(other.columns.size());
  for (std::size_t i = 0; i < other.columns.size(); ++i) columns[i] += other.columns[i];
  return *this;
}

Digest& Digest::operator-=(const Digest& other) {
  rows -= other.rows;
  low -= other.low;
  high -= other.high;
  for (std::size_t i = 0; i < other.columns.size(); ++i) columns[i] -= other.columns[i];
  return *this;
}

std::string to_string(const Digest& digest) {
  auto text = fmt::format("v{}:{}:{:016x}{:016x}", kDigestVersion, digest.rows, digest.high, digest.low);
  for (const auto column : digest.columns) text += fmt::format(":{:016x}", column);
  return text;
}

Result<Digest> parse_digest(std::string_view text) {
  const auto malformed = [&] {
    return fail(ErrorKind::data, fmt::format("'{}' is not a version {} digest", text, kDigestVersion));
  };
  std::vector<std::string_view> fields;
  for (std::size_t from = 0; from <= text.size();) {
    const auto colon = std::min(text.find(':', from), text.size());
    fields.push_back(text.substr(from, colon - from));
    from = colon + 1;
  }
  Digest digest;
  if (fields.size() < 3 || fields[0] != "v1" || fields[2].size() != 32) return malformed();
  if (!read_number(fields[1], 10, digest.rows) || !read_number(fields[2].substr(0, 16), 16, digest.high) ||
      !read_number(fields[2].substr(16), 16, digest.low)) {
    return malformed();
  }
  for (std::size_t i = 3; i < fields.size(); ++i) {
    if (fields[i].size() != 16 || !read_number(fields[i], 16, digest.columns.emplace_back())) return malformed();
  }
  return digest;
}

bool mergeable(const Digest& a, const Digest& b) {
  return a.columns.empty() || b.columns.empty() || a.columns.size() == b.columns.size();
}

bool same_value(const Digest& a, const Digest& b) {
  if (a.rows != b.rows || a.low != b.low || a.high != b.high) return false;
  const auto all_zero = [](const auto& sums) {
    return std::all_of(sums.begin(), sums.end(), [](auto sum) { return sum == 0; });
  };
  if (a.columns.empty() || b.columns.empty()) return all_zero(a.columns) && all_zero(b.columns);
  return a.columns == b.columns;
}

}  // namespace rivet::model
