// SPDX-License-Identifier: Apache-2.0
// What is a graph, what is not, and how it is said.
#include "cascade/graph.hpp"

#include <gmock/gmock.h>

namespace rivet::cascade {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

NodeSpec node(std::string name, std::vector<std::string> of = {}) {
  NodeSpec out{.name = std::move(name)};
  if (!of.empty()) out.depends_on = Dependencies{.of = std::move(of)};
  return out;
}

NodeSpec quorum(std::string name, std::size_t k, std::vector<std::string> of) {
  auto out = node(std::move(name), std::move(of));
  out.depends_on->kind = PolicyKind::quorum;
  out.depends_on->k = k;
  return out;
}

std::vector<std::string> messages(const std::vector<NodeSpec>& nodes) {
  std::vector<std::string> out;
  for (const auto& problem : problems_of(nodes)) out.push_back(problem.message);
  return out;
}

std::vector<std::string> names(const Graph& graph) {
  std::vector<std::string> out;
  for (NodeId id = 0; id < graph.size(); ++id) out.push_back(graph[id].name);
  return out;
}

TEST(Graph, OrdersNodesBehindWhatTheyWaitForAndElseAsGiven) {
  const auto graph = Graph::make({node("last", {"right", "left"}), node("left", {"first"}), node("right", {"first"}),
                                  node("first"), node("alone")});
  ASSERT_TRUE(graph.has_value());
  EXPECT_THAT(names(*graph), ElementsAre("first", "left", "right", "last", "alone"));
  EXPECT_THAT((*graph)[3].group->upstreams, ElementsAre(1, 2));
  EXPECT_THAT((*graph)[0].downstreams, ElementsAre(1, 2));
  EXPECT_THAT(graph->roots(), ElementsAre(0, 4));
  EXPECT_EQ(graph->depth(3), 2U);
  EXPECT_EQ(graph->depth(4), 0U);
  EXPECT_EQ(graph->find("right"), 2U);
  EXPECT_FALSE(graph->find("nobody"));
  EXPECT_TRUE(graph->reaches(0, 3));
  EXPECT_FALSE(graph->reaches(3, 0));
  EXPECT_FALSE(graph->reaches(1, 2));
}

TEST(Graph, SaysEverythingThatIsWrong) {
  EXPECT_THAT(
      messages({node("orders", {"custmers", "orders"}), node("customers"), node("customers")}),
      ElementsAre("'orders' depends on 'custmers', and there is no such export or gate; did you mean 'customers'?",
                  "'orders' depends on itself", "the name 'customers' is taken"));
  EXPECT_THAT(messages({node("a"), node("b", {"a", "a"})}), ElementsAre("'b' depends on 'a' twice"));
  EXPECT_THAT(messages({node("a"), quorum("b", 2, {"a"})}),
              ElementsAre("'b' asks for a quorum of 2 of 1: it must be between 1 and 1"));
  EXPECT_THAT(messages({node("a"), quorum("b", 0, {"a"})}),
              ElementsAre("'b' asks for a quorum of 0 of 1: it must be between 1 and 1"));
  EXPECT_THAT(messages({NodeSpec{.name = "a", .depends_on = Dependencies{}}}),
              ElementsAre("'a' depends on an empty list"));
  EXPECT_THAT(messages({node("a"), quorum("b", 1, {"a"})}), IsEmpty());
}

TEST(Graph, ShowsCycles) {
  EXPECT_THAT(
      messages({node("start", {"a"}), node("a", {"b"}), node("b", {"c"}), node("c", {"a"}), node("end", {"c"})}),
      ElementsAre("dependency cycle: a -> b -> c -> a"));
  EXPECT_THAT(messages({node("a", {"b"}), node("b", {"a"}), node("c", {"d"}), node("d", {"c", "a"})}),
              ElementsAre("dependency cycle: a -> b -> a", "dependency cycle: c -> d -> c"));
  EXPECT_EQ(Graph::make({node("a", {"b"}), node("b", {"a"})}).error().message, "dependency cycle: a -> b -> a");
}

TEST(Graph, IsNotAfraidOfLongChains) {
  constexpr std::size_t kLength = 20'000;
  std::vector<NodeSpec> chain{node("0")};
  for (std::size_t i = 1; i < kLength; ++i) chain.push_back(node(std::to_string(i), {std::to_string(i - 1)}));
  const auto graph = Graph::make(chain);
  ASSERT_TRUE(graph.has_value());
  EXPECT_EQ(graph->depth(kLength - 1), kLength - 1);
  chain.front() = node("0", {std::to_string(kLength - 1)});
  EXPECT_EQ(problems_of(chain).size(), 1U);
}

TEST(Graph, TakesLateNodesAndEdges) {
  auto graph = *Graph::make({node("a"), node("b"), node("c", {"a"})});
  ASSERT_TRUE(graph.add_edge(1, 2).has_value());
  EXPECT_THAT(graph[2].group->upstreams, ElementsAre(0, 1));
  EXPECT_FALSE(graph.add_edge(1, 2).has_value()) << "twice";
  EXPECT_FALSE(graph.add_edge(2, 1).has_value()) << "a root may have begun";
  const auto late = graph.add_node(node("d", {"c"}));
  ASSERT_TRUE(late.has_value());
  EXPECT_EQ(graph.add_edge(*late, 2).error().message, "'c' cannot depend on 'd' as well: that closes a cycle");
  EXPECT_FALSE(graph.add_node(node("a")).has_value());
  EXPECT_FALSE(graph.add_node(node("e", {"nobody"})).has_value());
}

}  // namespace
}  // namespace rivet::cascade
