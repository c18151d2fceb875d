// SPDX-License-Identifier: Apache-2.0
// Builds the tree from the YAML library's events and turns its exceptions into problems.
#include "config/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

namespace rivet::config {
namespace {

constexpr std::size_t kAliasBytes = 8U << 20U;  // what all aliases of a file may add up to

std::size_t size_of(const Node& node) {
  std::size_t size = sizeof(Node) + node.text.size();
  for (const auto& item : node.items) size += size_of(item);
  for (const auto& entry : node.entries) size += entry.key.size() + size_of(entry.value);
  return size;
}

int line_of(const YAML::Mark& mark) { return std::max(mark.line, 0) + 1; }

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(Problems& problems) : problems_(problems) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    complete({.kind = Node::Kind::null, .line = line_of(mark)}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    Node copy{.line = line_of(mark)};
    if (found == anchors_.end()) {
      problems_.add(line_of(mark), "an alias refers to the value that contains it");
    } else if (spend(found->second, mark)) {
      copy = found->second;
    }
    complete(std::move(copy), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool plain = tag != "!" && tag != "tag:yaml.org,2002:str";
    complete({.kind = Node::Kind::scalar, .text = value, .plain = plain, .line = line_of(mark)}, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open({.kind = Node::Kind::list, .line = line_of(mark)}, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open({.kind = Node::Kind::map, .line = line_of(mark)}, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Node> key = {};
    std::map<std::string, int> seen = {};
  };

  void open(Node node, YAML::anchor_t anchor) { stack_.push_back({.node = std::move(node), .anchor = anchor}); }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    complete(std::move(frame.node), frame.anchor);
  }

  bool spend(const Node& node, const YAML::Mark& mark) {
    spent_ += size_of(node);
    if (spent_ <= kAliasBytes) return true;
    problems_.add(line_of(mark), "the aliases of this file add up to too much");
    return false;
  }

  void complete(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    if (stack_.empty()) {
      root_ = std::move(node);
    } else if (auto& frame = stack_.back(); frame.node.kind == Node::Kind::list) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      frame.key = std::move(node);
    } else {
      add_entry(frame, std::move(node));
    }
  }

  void add_entry(Frame& frame, Node value) {
    const Node key = std::move(*frame.key);
    frame.key.reset();
    if (key.kind != Node::Kind::scalar) {
      problems_.add(key.line, "a key must be text");
      return;
    }
    const auto [first, is_new] = frame.seen.emplace(key.text, key.line);
    if (is_new) {
      frame.node.entries.push_back({.key = key.text, .line = key.line, .value = std::move(value)});
    } else {
      problems_.add(key.line,
                    fmt::format("key '{}' is given twice, first in line {}", problems_.shown(key.text), first->second));
    }
  }

  Problems& problems_;
  Node root_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t spent_ = 0;
};

std::string_view nth_line(std::string_view text, int line) {
  for (int at = 1; at < line; ++at) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

bool has_tab_indentation(std::string_view line) {
  const auto indentation = line.substr(0, line.find_first_not_of(" \t"));
  return indentation.find('\t') != std::string_view::npos;
}

/// What probably caused a syntax error, judged by the line it was found in and the one before.
std::string hint_for(std::string_view text, int line) {
  const auto here = nth_line(text, line);
  const auto before = nth_line(text, line - 1);
  if (has_tab_indentation(here) || has_tab_indentation(before)) {
    return "; YAML does not allow tabs for indentation: use spaces";
  }
  for (const auto& suspect : {here, before}) {
    if (suspect.find(": {partition}") != std::string_view::npos || suspect.find(": {date}") != std::string_view::npos ||
        suspect.find(": {export}") != std::string_view::npos || suspect.find(": {table}") != std::string_view::npos) {
      return "; a value that begins with a placeholder needs quotes: \"{...}\"";
    }
  }
  return here.find("${") != std::string_view::npos ? "; inside [...] or {...} a ${NAME} needs quotes" : "";
}

/// The library's message up to the colon: behind it stands text of the file, which may be a password.
std::string safe_message(const YAML::Exception& failure) { return failure.msg.substr(0, failure.msg.find(':')); }

void refuse_second_document(YAML::Parser& parser, Problems& problems) {
  Builder rest(problems);
  if (!parser.HandleNextDocument(rest)) return;
  const auto second = rest.take();
  if (second.kind != Node::Kind::null)
    problems.add(second.line, "the file holds a second YAML document; one is allowed");
}

}  // namespace

Node parse_yaml(std::string_view text, Problems& problems) {
  Builder builder(problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    refuse_second_document(parser, problems);
    return builder.take();
  } catch (const YAML::Exception& failure) {
    const int line = failure.mark.is_null() ? 0 : line_of(failure.mark);
    problems.add(line, fmt::format("not valid YAML: {}{}", safe_message(failure), hint_for(text, line)));
  } catch (const std::exception&) {
    problems.add(0, "not valid YAML");
  }
  return {};
}

bool is_utf8(std::string_view bytes) {
  const auto byte = [&](std::size_t at) -> unsigned { return static_cast<unsigned char>(bytes[at]); };
  for (std::size_t at = 0; at < bytes.size();) {
    const unsigned lead = byte(at);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                               : (lead & 0xF0) == 0xE0       ? 3
                               : lead >= 0xF0 && lead < 0xF5 ? 4
                                                             : 0;
    if (length == 0 || at + length > bytes.size()) return false;
    for (std::size_t next = 1; next < length; ++next) {
      if ((byte(at + next) & 0xC0) != 0x80) return false;
    }
    if (lead == 0xE0 && byte(at + 1) < 0xA0) return false;
    if (lead == 0xED && byte(at + 1) > 0x9F) return false;
    if (lead == 0xF0 && byte(at + 1) < 0x90) return false;
    if (lead == 0xF4 && byte(at + 1) > 0x8F) return false;
    at += length;
  }
  return true;
}

}  // namespace rivet::config
