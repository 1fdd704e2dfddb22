#!/usr/bin/env bash
# Writes the lock files anew: requirements/*.txt and tests/node/package-lock.json. They name no package host.
# Pins stay as they are unless UPGRADE=1. `make lock` has made the environment before this runs.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
  local output=$1
  shift
  .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --universal --python-version 3.11 ${UPGRADE:+--upgrade} "$@" -o "$output" >/dev/null
}

compile requirements/all.txt pyproject.toml requirements/build.in requirements/lock.in --all-extras
# What runs in production is a part of what was tested, at the same versions.
compile requirements/runtime.txt pyproject.toml requirements/build.in --extra gateway -c requirements/all.txt
echo "requirements: $(grep -c == requirements/runtime.txt) packages to run, $(grep -c == requirements/all.txt) to develop and test"

# Programs that are not ours and answer the conformance suite: each has an environment of its own, and a file of pins.
for wanted in tests/interop/conformance/requirements/*.in; do
  compile "${wanted%.in}.txt" "$wanted"
done

scripts/npm.sh install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --silent
echo "tests/node: $(grep -c '"node_modules/' tests/node/package-lock.json) packages"
