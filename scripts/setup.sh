#!/usr/bin/env bash
# Installs what is missing to build and test on Debian 12: distribution packages and .venv with the pinned Python packages.
# Quick and silent when everything is there. Needs root or sudo only when a package is missing.
#   --tools   also clang-format and clang-tidy
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  g++ cmake ninja-build make pkg-config ccache git ca-certificates
  python3 python3-venv
  libpq-dev libsqlite3-dev libyaml-cpp-dev nlohmann-json3-dev libcli11-dev libfmt-dev libspdlog-dev libxxhash-dev
  libexpected-dev libgtest-dev libgmock-dev libbenchmark-dev libssl-dev
  libcurl4-openssl-dev
  postgresql-15 postgresql-client-15 pgbouncer sqlite3 time openssl
  zsh fish man-db groff-base mandoc
)
if [[ ${1:-} == --tools ]]; then packages+=(clang-format clang-tidy); fi

# Prints the packages of the list that are not installed.
missing_packages() {
  local installed
  # dpkg-query fails when it has never heard of one of them.
  installed=$({ dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true; } | sed -n 's/^installed //p')
  comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(sort <<<"$installed")
}

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else
    echo "setup: root or sudo is needed for: $*" >&2
    return 1
  fi
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  echo "setup: installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { as_root apt-get -q -o DPkg::Lock::Timeout=300 update &&
         as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
           install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    return 1
  fi
  rm -f "$log"
}

# True when .venv holds exactly the versions that requirements.txt pins.
venv_is_current() {
  .venv/bin/python - <<'PYTHON'
import importlib.metadata as metadata, re, sys
for line in open("requirements.txt"):
    pin = re.match(r"([A-Za-z0-9_.-]+)(?:\[.*\])?==(\S+)", line)
    try:
        if pin and metadata.version(pin[1]) != pin[2]:
            sys.exit(1)
    except metadata.PackageNotFoundError:
        sys.exit(1)
PYTHON
}

prepare_venv() {
  local wanted stamp=.venv/.requirements.sha256
  wanted=$(sha256sum <requirements.txt)
  [[ -x .venv/bin/python && $(cat $stamp 2>/dev/null) == "$wanted" ]] && return 0
  if [[ ! -x .venv/bin/python ]]; then
    rm -rf .venv
    echo "setup: creating .venv"
    /usr/bin/python3 -m venv .venv
  fi
  if ! venv_is_current; then
    echo "setup: installing the Python packages of requirements.txt"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r requirements.txt </dev/null
  fi
  echo "$wanted" >$stamp
}

install_packages
prepare_venv
