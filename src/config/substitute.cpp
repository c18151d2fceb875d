// SPDX-License-Identifier: Apache-2.0
// Substitution works on parsed values, so that a value can never change the structure of the file.
#include "config/substitute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rivet::config {
namespace {

class Substitution {
 public:
  Substitution(std::string_view raw, const LoadOptions& options, Problems& problems)
      : raw_(raw), options_(options), problems_(problems) {}

  void apply(Node& node) {
    if (node.kind == Node::Kind::scalar) node.text = replaced(node);
    for (auto& item : node.items) apply(item);
    for (auto& entry : node.entries) apply(entry.value);
  }

  void warn_unused() const {
    for (const auto& [name, value] : options_.params) {
      if (!used_.contains(name)) {
        problems_.warn(0, fmt::format("parameter '{}' is not used", problems_.shown(name)));
      }
    }
  }

 private:
  std::string replaced(const Node& node) {
    std::string out;
    std::string_view rest = node.text;
    for (auto at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
      const auto end = rest.find('}', at);
      if (end == std::string_view::npos) break;
      out += rest.substr(0, at);
      out += value_of(rest.substr(at + 2, end - at - 2), node.line);
      rest.remove_prefix(end + 1);
    }
    return out.append(rest);
  }

  std::string value_of(std::string_view name, int from_line) {
    if (name.empty()) return {};
    const auto value = lookup(name);
    const auto problem = [&](std::string_view what) {
      problems_.add(line_of(name, from_line), fmt::format("${{{}}} {}", problems_.shown(name), what));
      return std::string();
    };
    if (!value) return problem("is set neither by -p nor in the environment");
    if (value->find('\0') != std::string::npos) return problem("has a value with a NUL byte");
    if (!is_utf8(*value)) return problem("has a value that is not UTF-8");
    return *value;
  }

  std::optional<std::string> lookup(std::string_view name) {
    if (const auto param = options_.params.find(std::string(name)); param != options_.params.end()) {
      used_.insert(param->first);
      return param->second;
    }
    return options_.environment ? options_.environment(name) : std::nullopt;
  }

  /// Line of the first mention of the name at or below the line where its value begins.
  int line_of(std::string_view name, int from_line) const {
    std::size_t start = 0;
    for (int line = 1; line < from_line; ++line) {
      const auto end = raw_.find('\n', start);
      if (end == std::string_view::npos) return from_line;
      start = end + 1;
    }
    const auto at = raw_.find(fmt::format("${{{}}}", name), start);
    if (at == std::string_view::npos) return from_line;
    const auto between = raw_.substr(start, at - start);
    return from_line + static_cast<int>(std::count(between.begin(), between.end(), '\n'));
  }

  std::string_view raw_;
  const LoadOptions& options_;
  Problems& problems_;
  std::set<std::string> used_;
};

}  // namespace

void substitute(Node& root, std::string_view raw, const LoadOptions& options, Problems& problems) {
  Substitution substitution(raw, options, problems);
  substitution.apply(root);
  substitution.warn_unused();
}

}  // namespace rivet::config
