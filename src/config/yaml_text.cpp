// SPDX-License-Identifier: Apache-2.0
// Double quotes and escapes for whatever is not plainly a word.
#include "config/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"

namespace rivet::config {
namespace {

constexpr std::size_t kCommentWidth = 100;

bool is_word_byte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("_-./").find(c) != std::string_view::npos;
}

/// Words that some reader takes for something else than text.
bool is_reserved(std::string_view text) {
  static constexpr auto words =
      std::to_array<std::string_view>({"yes", "no", "on", "off", "true", "false", "null", "y", "n"});
  return std::find(words.begin(), words.end(), base::lower(text)) != words.end();
}

bool is_plain(std::string_view text) {
  if (text.empty() || is_reserved(text) || !std::all_of(text.begin(), text.end(), is_word_byte)) return false;
  const auto first = static_cast<unsigned char>(text.front());
  return std::isalpha(first) != 0 || first == '_' || (text.starts_with("./") && text.size() > 2);
}

/// What the substitution of `${NAME}` leaves as `${NAME}`: an empty name stands for nothing.
std::string without_substitution(std::string_view text) {
  std::string out;
  for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${")) {
    out.append(text.substr(0, at)).append("$${}{");
    text.remove_prefix(at + 2);
  }
  return out.append(text);
}

/// Line ends and byte order marks beyond ASCII, which readers fold or drop.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOddMarks{
    {{"\u0085", "\\u0085"}, {"\u2028", "\\u2028"}, {"\u2029", "\\u2029"}, {"\uFEFF", "\\uFEFF"}}};

const std::pair<std::string_view, std::string_view>* odd_mark_at(std::string_view text) {
  const auto* found =
      std::find_if(kOddMarks.begin(), kOddMarks.end(), [&](const auto& mark) { return text.starts_with(mark.first); });
  return found == kOddMarks.end() ? nullptr : found;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto* mark = odd_mark_at(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (mark != nullptr) {
      out += mark->second;
    } else if (byte == '"' || byte == '\\') {
      out.append(1, '\\').append(1, text.front());
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02X}", byte);
    } else {
      out += text.front();
    }
    text.remove_prefix(mark != nullptr ? mark->first.size() : 1);
  }
  return out + '"';
}

}  // namespace

std::string yaml_key(std::string_view text) { return is_plain(text) ? std::string(text) : quoted(text); }

std::string yaml_value(std::string_view text) { return yaml_key(without_substitution(text)); }

std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto* mark = odd_mark_at(text);
    const auto byte = static_cast<unsigned char>(text.front());
    out += mark != nullptr || byte < 0x20 || byte == 0x7F ? ' ' : text.front();
    text.remove_prefix(mark != nullptr ? mark->first.size() : 1);
  }
  return out;
}

std::string yaml_comment(int indent, std::string_view text) {
  const auto start = std::string(static_cast<std::size_t>(indent), ' ') + "#";
  std::string out, line = start;
  const auto whole = one_line(text);
  for (std::string_view rest = whole; !rest.empty();) {
    const auto word = rest.substr(0, rest.find(' '));
    if (line.size() > start.size() && line.size() + 1 + word.size() > kCommentWidth) {
      out += line + "\n";
      line = start;
    }
    if (!word.empty()) line.append(" ").append(word);
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
  return out + line + "\n";
}

}  // namespace rivet::config
