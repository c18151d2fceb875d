// SPDX-License-Identifier: Apache-2.0
// Edits lines, not the document: a document written anew would lose comments, quotes and order.
#include "config/annotate.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/redact.hpp"
#include "config/document.hpp"

namespace rivet::config {
namespace {

/// A value to stand under a key.
struct Hint {
  std::string_view key;
  std::string value;
};

std::vector<Hint> hints_of(const Annotation& annotation) {
  std::vector<Hint> out;
  // Each is put right behind the name, so that the last comes first.
  if (annotation.parallel_safe) out.push_back({"parallel_safe", *annotation.parallel_safe ? "true" : "false"});
  if (annotation.wave) out.push_back({"wave", std::to_string(*annotation.wave)});
  return out;
}

std::optional<Node> parse(std::string_view text) {
  base::Redactor redactor;
  Problems problems("", redactor);
  auto tree = parse_yaml(text, problems);
  return problems.empty() ? std::optional(std::move(tree)) : std::nullopt;
}

const Node::Entry* find(const Node& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(), [&](const auto& e) { return e.key == key; });
  return found == map.entries.end() ? nullptr : &*found;
}

Node* find_export(Node& tree, std::string_view name) {
  for (auto& [key, line, value] : tree.entries) {
    if (key != "exports") continue;
    for (auto& item : value.items) {
      const auto* named = find(item, "name");
      if (named != nullptr && named->value.text == name) return &item;
    }
  }
  return nullptr;
}

bool same(const Node& a, const Node& b) {
  const auto same_entry = [](const auto& x, const auto& y) { return x.key == y.key && same(x.value, y.value); };
  return a.kind == b.kind && a.text == b.text && a.plain == b.plain &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same) &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(), same_entry);
}

/// What the tree should say once the hint is in it.
void put(Node& entry, const Hint& hint) {
  std::erase_if(entry.entries, [&](const auto& e) { return e.key == hint.key; });
  Node value{.kind = Node::Kind::scalar, .text = hint.value};
  const auto name =
      std::find_if(entry.entries.begin(), entry.entries.end(), [](const auto& e) { return e.key == "name"; });
  entry.entries.insert(name == entry.entries.end() ? name : name + 1,
                       {.key = std::string(hint.key), .line = 0, .value = std::move(value)});
}

/// The same, whatever the order of the hint among the other keys.
bool says(Node now, Node wanted, std::string_view name, const Hint& hint) {
  auto* const entry = find_export(now, name);
  auto* const expected = find_export(wanted, name);
  if (entry == nullptr || expected == nullptr) return false;
  const auto* written = find(*entry, hint.key);
  if (written == nullptr || written->value.text != hint.value || !written->value.plain) return false;
  put(*entry, hint);
  put(*expected, hint);
  return same(now, wanted);
}

/// Begin and end of a line, its end of line not included.
std::pair<std::size_t, std::size_t> line_at(std::string_view text, int line) {
  std::size_t begin = 0;
  for (int at = 1; at < line; ++at) {
    const auto end = text.find('\n', begin);
    if (end == std::string_view::npos) return {text.size(), text.size()};
    begin = end + 1;
  }
  auto end = std::min(text.find('\n', begin), text.size());
  if (end > begin && text[end - 1] == '\r') --end;
  return {begin, end};
}

/// Where a key begins on its line; quotes belong to it.
std::optional<std::size_t> key_at(std::string_view text, const Node::Entry& entry) {
  const auto [begin, end] = line_at(text, entry.line);
  const auto line = text.substr(begin, end - begin);
  for (auto at = line.find(entry.key); at != std::string_view::npos; at = line.find(entry.key, at + 1)) {
    const auto after = line.substr(at + entry.key.size());
    const bool quoted = at > 0 && (line[at - 1] == '"' || line[at - 1] == '\'');
    const auto colon = after.substr(quoted ? 1 : 0);
    if (colon.starts_with(":")) return begin + at - (quoted ? 1 : 0);
  }
  return std::nullopt;
}

/// In a flow map the hint stands before the name; else it gets a line of its own behind the name's.
std::optional<std::string> inserted(std::string_view text, const Node& entry, const Hint& hint) {
  const auto* name = find(entry, "name");
  const auto at = key_at(text, *name);
  if (!at) return std::nullopt;
  std::string out(text);
  const auto before = text.substr(0, *at);
  const auto last = before.find_last_not_of(" \t\r\n");
  if (last != std::string_view::npos && (before[last] == '{' || before[last] == ',')) {
    return out.insert(*at, fmt::format("{}: {}, ", hint.key, hint.value));
  }
  const auto [begin, end] = line_at(text, name->line);
  const bool carriage = end < text.size() && text[end] == '\r';
  const std::string_view eol = carriage ? "\r\n" : "\n";
  return out.insert(end, fmt::format("{}{}{}: {}", eol, std::string(*at - begin, ' '), hint.key, hint.value));
}

std::optional<std::string> replaced(std::string_view text, const Node::Entry& written, const Hint& hint) {
  const auto at = key_at(text, written);
  if (!at) return std::nullopt;
  const auto value = text.find(written.value.text, text.find(':', *at));
  if (value == std::string_view::npos || value >= line_at(text, written.line).second) return std::nullopt;
  return std::string(text).replace(value, written.value.text.size(), hint.value);
}

/// The text with the hint in it; nothing when that cannot be done without changing something else.
std::optional<std::string> with_hint(std::string_view text, std::string_view name, const Hint& hint) {
  auto tree = parse(text);
  if (!tree) return std::nullopt;
  const auto* entry = find_export(*tree, name);
  if (entry == nullptr) return std::nullopt;
  const auto* written = find(*entry, hint.key);
  if (written != nullptr && written->value.text == hint.value) return std::string(text);
  auto edited = written == nullptr ? inserted(text, *entry, hint) : replaced(text, *written, hint);
  if (!edited) return std::nullopt;
  auto now = parse(*edited);
  if (!now || !says(std::move(*now), std::move(*tree), name, hint)) return std::nullopt;
  return edited;
}

}  // namespace

Annotated annotate(std::string_view text, const std::vector<Annotation>& annotations) {
  Annotated out{.text = std::string(text), .changed = {}, .refused = {}};
  for (const auto& annotation : annotations) {
    auto edited = std::optional(out.text);
    for (const auto& hint : hints_of(annotation)) {
      if (edited) edited = with_hint(*edited, annotation.export_name, hint);
    }
    if (!edited) {
      out.refused.push_back(annotation.export_name);
    } else if (*edited != out.text) {
      out.changed.push_back(annotation.export_name);
      out.text = std::move(*edited);
    }
  }
  return out;
}

}  // namespace rivet::config
