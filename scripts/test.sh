#!/usr/bin/env bash
# Runs every test, goes on after a failure, and ends with one line: "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
reports=build/reports
rm -rf "$reports"
mkdir -p "$reports"
broken=()

# step NAME: runs `make NAME` and remembers when it fails.
step() {
  local began=$SECONDS
  echo "== $1"
  make --no-print-directory "$1" </dev/null || broken+=("$1")
  echo "== $1: $((SECONDS - began)) s"
}

step setup
step build
step lint

# The unit tests are compiled, and run, where the end-to-end tests leave a processor idle.
(nice -n 10 make --no-print-directory unit </dev/null >"$reports/unit.log" 2>&1) &
unit=$!
step e2e
echo "== unit"
wait $unit || broken+=(unit)
cat "$reports/unit.log"

exec /usr/bin/python3 scripts/tally.py "$reports" "${broken[@]}"
