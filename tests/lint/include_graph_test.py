#!/usr/bin/env python3
"""Shows that include_graph.py finds each kind of breach, on small made-up trees."""
import tempfile
import unittest
from pathlib import Path

from include_graph import check_tree

HEADING = "// SPDX-License-Identifier: Apache-2.0\n// A reason.\n"
GRAPH = """rivet_library(base)
rivet_library(model DEPENDS rivet_base)
rivet_library(source COLD DEPENDS rivet_model)
rivet_library(plan DEPENDS rivet_model)
rivet_library(cli DEPENDS rivet_plan rivet_source)
"""


class IncludeGraph(unittest.TestCase):
    def problems(self, files: dict[str, str], graph: str = GRAPH) -> str:
        with tempfile.TemporaryDirectory() as folder:
            src = Path(folder)
            (src / "CMakeLists.txt").write_text(graph)
            for name, text in files.items():
                (src / name).parent.mkdir(parents=True, exist_ok=True)
                (src / name).write_text(text)
            return "\n".join(check_tree(src))

    def test_accepts_what_the_graph_reaches(self):
        self.assertEqual(self.problems({"base/a.hpp": HEADING, "plan/b.cpp": HEADING + '#include "base/a.hpp"\n'}), "")

    def test_refuses_an_upward_include(self):
        found = self.problems({"plan/a.hpp": HEADING, "base/b.cpp": HEADING + '#include "plan/a.hpp"\n'})
        self.assertIn("src/base/b.cpp:3: layer base may not know layer plan", found)

    def test_refuses_a_cycle(self):
        self.assertIn("cycle base -> model -> base", self.problems({}, GRAPH.replace("base)", "base DEPENDS rivet_model)", 1)))

    def test_refuses_an_engine_that_names_another(self):
        files = {"source/sqlite/a.hpp": HEADING, "source/postgres/b.cpp": HEADING + '#include "source/sqlite/a.hpp"\n'}
        self.assertIn("engine source/sqlite", self.problems(files))

    def test_lets_the_registry_name_engines(self):
        files = {"source/sqlite/a.hpp": HEADING, "cli/registry.cpp": HEADING + '#include "source/sqlite/a.hpp"\n'}
        self.assertEqual(self.problems(files), "")

    def test_lets_tests_of_the_layer_name_its_engines(self):
        include = HEADING + '#include "source/sqlite/a.hpp"\n'
        self.assertEqual(self.problems({"source/sqlite/a.hpp": HEADING, "source/all_test.cpp": include}), "")
        self.assertIn("engine", self.problems({"source/sqlite/a.hpp": HEADING, "cli/all_test.cpp": include}))

    def test_lets_the_engines_of_a_layer_share(self):
        include = HEADING + '#include "state/sql/a.hpp"\n'
        self.assertEqual(self.problems({"state/sql/a.hpp": HEADING, "state/sqlite/a.cpp": include}, "rivet_library(state)"), "")
        self.assertIn("engine", self.problems({"state/sql/a.hpp": HEADING, "cli/a.cpp": include}, "rivet_library(state)\nrivet_library(cli DEPENDS rivet_state)"))

    def test_refuses_a_vendor_header_elsewhere(self):
        self.assertIn("source/postgres", self.problems({"source/a.cpp": HEADING + "#include <libpq-fe.h>\n"}))
        self.assertEqual(self.problems({"source/postgres/a.cpp": HEADING + "#include <libpq-fe.h>\n"}), "")

    def test_refuses_arrow_in_the_planner(self):
        self.assertIn("free of Arrow", self.problems({"plan/a.cpp": HEADING + "#include <arrow/api.h>\n"}))

    def test_refuses_a_bad_heading(self):
        self.assertIn("first line", self.problems({"base/a.cpp": "int x;\n"}))
        self.assertIn("second line", self.problems({"base/a.cpp": HEADING.splitlines()[0] + "\nint x;\n"}))


if __name__ == "__main__":
    unittest.main()
