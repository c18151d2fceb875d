# `make help` lists what can be done here.
SHELL := /bin/bash
PYTHON := .venv/bin/python
JOBS ?= $(shell nproc)
# A clone has one or two cores' worth of memory per compiler; do not start more than that.
BUILD = cmake --build $(1) -j $(JOBS)
REPORTS := build/reports
E2E_ARGS ?=
# Unit tests that need a real server: it runs their program.
UNIT_ON_SERVER := tests/e2e/test_postgres_sessions.py
STATE_ON_SERVER := tests/e2e/test_postgres_state_units.py
BENCH_ARGS ?=
# Leaks count as failures; what Arrow keeps for the life of the process is listed in tests/lsan.supp.
SANITIZER_ENV := ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1 \
  UBSAN_OPTIONS=print_stacktrace=1 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0

.DEFAULT_GOAL := help
.PHONY: help setup build dev unit lint e2e test soak bench bench-cascade demo format tidy clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install what is missing: distribution packages, .venv with the pinned Python packages
	@scripts/setup.sh

build: setup ## the program, at build/rivet
	@cmake --preset release >/dev/null
	@$(call BUILD,build)

dev: setup ## debug build with the address and undefined-behaviour sanitizers, in build-dev
	@cmake --preset dev >/dev/null
	@$(call BUILD,build-dev)

unit: setup ## unit tests under the sanitizers (programs in build-dev)
	@mkdir -p $(REPORTS)
	@cmake --preset dev >/dev/null
	@$(call BUILD,build-dev) --target unit_tests
	@$(SANITIZER_ENV) ctest --test-dir build-dev -j $(JOBS) --output-on-failure --timeout 600 --no-tests=error \
	  --output-junit $(CURDIR)/$(REPORTS)/unit.xml
	@$(SANITIZER_ENV) RIVET_BIN=$(CURDIR)/build-dev/src/source_test $(PYTHON) -m pytest $(UNIT_ON_SERVER) --junitxml $(REPORTS)/unit-on-server.xml </dev/null
	@$(SANITIZER_ENV) RIVET_BIN=$(CURDIR)/build-dev/src/state_test $(PYTHON) -m pytest $(STATE_ON_SERVER) --junitxml $(REPORTS)/state-on-server.xml </dev/null

lint: setup ## who may include whom, and how every file begins
	@$(PYTHON) tests/lint/include_graph.py

e2e: build ## end-to-end tests: the program against real servers (E2E_ARGS goes to pytest)
	@mkdir -p $(REPORTS)
	@$(PYTHON) -m pytest tests/e2e --ignore $(UNIT_ON_SERVER) --ignore $(STATE_ON_SERVER) --junitxml $(REPORTS)/e2e.xml $(E2E_ARGS) </dev/null

test: ## everything: set-up, build, unit tests under the sanitizers, lint, end-to-end tests
	@scripts/test.sh

soak: build ## the long versions of the kill tests: random graphs under a thousand kills, a death at each commit (RIVET_SOAK_SEED repeats one)
	@RIVET_SOAK=1 $(PYTHON) -m pytest tests/e2e/test_cascade_kills.py tests/e2e/test_cascade_commits.py -q -s </dev/null

bench: build ## measure speed, memory and size against a drained COPY (BENCH_ARGS="--quick")
	@$(call BUILD,build) --target drain_copy digest_alone
	@$(PYTHON) bench/run.py $(BENCH_ARGS)

bench-cascade: setup ## measure the cascade on a PostgreSQL server of its own (BENCH_ARGS="--runs 3 --only drain")
	@cmake --preset release >/dev/null
	@$(call BUILD,build) --target cascade_bench rivet
	@$(PYTHON) bench/cascade.py $(BENCH_ARGS)

demo: build ## export a small awkward SQLite database and read it back with DuckDB
	@$(PYTHON) scripts/demo.py

format: ## clang-format over our C++
	@scripts/setup.sh --tools
	@find src bench -name '*.[ch]pp' -print0 | xargs -0 clang-format -i

tidy: build ## clang-tidy over our C++
	@scripts/setup.sh --tools
	@find src -name '*.cpp' -print0 | xargs -0 -P $(JOBS) -n 4 clang-tidy --quiet -p build

clean: ## remove what was built (not .venv)
	@rm -rf build build-dev demo
