#!/usr/bin/env bash
# Runs a command with a folder of its own for temporary files, and removes that afterwards: in memory, where there is
# room. Tests write and remove very many small files, and wait for a disk that they share. They begin hundreds of
# processes too; where Python is told to keep no bytecode, each would compile everything anew, so that is done here.
set -uo pipefail

(cd "$(dirname "$0")/.." && .venv/bin/python -m compileall -q idbridge service tests) || exit 1

room=${TMPDIR:-/tmp}
free=$(df --output=fstype,avail --block-size=1G /dev/shm 2>/dev/null | awk '$1 == "tmpfs" { print $2 }')
if [ -z "${TMPDIR:-}" ] && [ "${free:-0}" -ge 8 ] && [ -w /dev/shm ]; then room=/dev/shm; fi
folder=$(mktemp -d "$room/t.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
TMPDIR=$folder "$@"
