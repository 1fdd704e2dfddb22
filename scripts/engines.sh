#!/usr/bin/env bash
# Brings the real engines that tests need, from Debian's packages, and the npm packages of tests/node.
# What is there is left alone; with everything there this takes a moment.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/apt.sh
mkdir -p .cache

have() { command -v "$1" >/dev/null || [ -x "$ENGINES/programs/$1" ]; }

have_postgres() { have postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }

# The release file says the version at once; asking javac would start a virtual machine.
have_java() {
  local compiler release
  have java && have javac || return 1
  compiler=$(command -v javac || echo "$ENGINES/programs/javac")
  release=$(dirname "$(dirname "$(readlink -f "$compiler")")")/release
  [ ! -e "$release" ] || [ "$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$release")" -ge 17 ]
}

# Go's own packages are one of Debian's by itself.
have_go() {
  local mod=usr/share/gocode/src/golang.org/x/mod
  have go && { [ -d "/$mod" ] || [ -d "$ENGINES/$mod" ]; }
}

missing=()
have redis-server || missing+=(redis-server)
have_postgres || missing+=(postgresql)
have softhsm2-util || missing+=(softhsm2)
have chromium || missing+=(chromium)
have_java || missing+=(default-jdk-headless)
have php || missing+=(php-cli)
have curl || missing+=(curl)
have strace || missing+=(strace)
have_go || missing+=(golang-go golang-golang-x-mod-dev)

# An unpacked program finds its own libraries through a small script of its name.
wrap() {
  local program libraries=$ENGINES/usr/lib/$(uname -m)-linux-gnu
  program=$(compgen -G "$ENGINES$2" | sort -V | tail -n 1) || return 0
  mkdir -p "$ENGINES/programs"
  cat >"$ENGINES/programs/$1" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH="$libraries:$libraries/pulseaudio:$ENGINES/lib/$(uname -m)-linux-gnu\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$program" "\$@"
WRAPPER
  chmod +x "$ENGINES/programs/$1"
}

wrap_all() {
  wrap redis-server '/usr/bin/redis-server'
  wrap postgres '/usr/lib/postgresql/*/bin/postgres'
  wrap initdb '/usr/lib/postgresql/*/bin/initdb'
  wrap softhsm2-util '/usr/bin/softhsm2-util'
  wrap chromium '/usr/lib/chromium/chromium'
  wrap java '/usr/lib/jvm/java-*-openjdk-*/bin/java'
  wrap javac '/usr/lib/jvm/java-*-openjdk-*/bin/javac'
  wrap php '/usr/bin/php[0-9].[0-9]'
  wrap curl '/usr/bin/curl'
  wrap strace '/usr/bin/strace'
  wrap go '/usr/lib/go-*/bin/go'
}

if [ ${#missing[@]} -gt 0 ]; then
  seconds=$SECONDS
  say "bringing engines for the tests: ${missing[*]}"
  apt_packages "${missing[@]}"
  is_root || wrap_all
  say "engines ready in $((SECONDS - seconds)) s"
fi

lock=$(sha256sum tests/node/package-lock.json | cut -d' ' -f1)
if [ "$(cat tests/node/node_modules/.installed 2>/dev/null)" != "$lock" ]; then
  say "installing the npm packages of tests/node"
  scripts/npm.sh ci --ignore-scripts --silent
  echo "$lock" >tests/node/node_modules/.installed
fi
