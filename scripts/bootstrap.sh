#!/usr/bin/env bash
# Makes .venv from a hash-pinned lock: `bootstrap.sh runtime` to run the product, `bootstrap.sh all` to develop and test.
# Quick when nothing has changed. Brings Debian's venv module if Python came without it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/apt.sh

lock=${1:?say which lock: runtime or all}
python=${PYTHON:-python3}
mkdir -p .cache

command -v "$python" >/dev/null || fail "there is no $python on this machine" "install Python 3.11 or later (Debian: python3), or set PYTHON"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$("$python" --version) is too old" "IdBridge needs Python 3.11 or later; set PYTHON to one"

fingerprint() { cat "requirements/$1.txt" pyproject.toml | sha256sum | cut -d' ' -f1; }

# An environment that was copied or moved names the place where it was made.
is_usable() { .venv/bin/python -c '' 2>/dev/null && grep -qs "$PWD/.venv/" .venv/bin/pip; }

# An environment with everything is also one to run in.
is_current() {
  [ "$(cat ".venv/.installed-$1" 2>/dev/null)" = "$(fingerprint "$1")" ] && is_usable
}
if is_current "$lock" || is_current all; then exit 0; fi

make_environment() {
  rm -rf .venv
  if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv .venv && return
  fi
  say "Python came without its venv module; bringing Debian's"
  apt_packages python3-venv
  if is_root; then
    "$python" -m venv .venv
  else
    "$python" -m venv --without-pip .venv
    local wheel
    wheel=$(compgen -G "$ENGINES/usr/share/python-wheels/pip-*.whl" | tail -n 1)
    PYTHONPATH=$wheel .venv/bin/python -m pip install -qq --require-hashes --no-deps -r <(pinned pip)
  fi
}

# One package of the lock with its hashes, as a requirements file of its own.
pinned() { sed -n "/^$1==/,/[^\\\\]\$/p" "requirements/$lock.txt"; }

seconds=$SECONDS
is_usable || make_environment
rm -f .venv/.installed-*
say "installing the packages of requirements/$lock.txt into .venv"
.venv/bin/python -m pip install -qq --require-hashes --no-deps -r "requirements/$lock.txt"
.venv/bin/python -m pip install -q --no-build-isolation --no-deps --no-index -e .
fingerprint "$lock" >".venv/.installed-$lock"
say "environment ready in $((SECONDS - seconds)) s"
