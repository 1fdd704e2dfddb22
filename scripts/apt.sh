# Sourced from the top of the repository: Debian packages, installed with root, unpacked under .cache/engines without.
# A machine without apt-get is told in words what is needed; nothing is guessed for it.

ENGINES="$PWD/.cache/engines"

say() { printf 'idbridge: %s\n' "$*" >&2; }

fail() {
  say "error: $1"
  [ -z "${2:-}" ] || say "hint: $2"
  exit 5
}

is_root() { [ "$(id -u)" = 0 ]; }

# Without root apt keeps its lists and its lock in our own cache.
apt_options() {
  is_root && return 0
  mkdir -p .cache/apt/lists/partial .cache/apt/cache/archives/partial
  printf '%s\n' -o "Dir::State::lists=$PWD/.cache/apt/lists" -o "Dir::Cache=$PWD/.cache/apt/cache" -o Debug::NoLocking=1
}

apt_lists_are_empty() {
  local lists=/var/lib/apt/lists
  is_root || lists=.cache/apt/lists
  ! compgen -G "$lists/*_Packages*" >/dev/null
}

# The lists may be old: a package that has moved on is looked up once more in fresh ones.
apt_packages() {
  command -v apt-get >/dev/null || fail "these Debian packages are missing and there is no apt-get: $*" \
    "install what your system calls them, then run the same command again"
  local options
  mapfile -t options < <(apt_options)
  if apt_lists_are_empty; then apt-get "${options[@]}" update -qq >&2; fi
  obtain "$@" || { apt-get "${options[@]}" update -qq >&2 && obtain "$@"; } || fail "apt-get could not bring: $*"
}

obtain() {
  if is_root; then install_quietly "$@"; else unpack "$@"; fi
}

# No service is started by an install: the tests start their own, on random ports, and end them.
install_quietly() {
  local policy=/usr/sbin/policy-rc.d code=0
  [ -e "$policy" ] && policy=
  [ -z "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"; }
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >.cache/apt.log 2>&1 || code=$?
  [ -z "$policy" ] || rm -f "$policy"
  [ $code = 0 ] || tail -n 15 .cache/apt.log >&2
  return $code
}

unpack() {
  local options wanted
  mapfile -t options < <(apt_options)
  wanted=$(apt-get "${options[@]}" -s install --no-install-recommends "$@" | sed -n 's/^Inst \([^ ]*\) .*(\([^ ]*\) .*/\1=\2/p') || return 1
  mkdir -p "$ENGINES/packages" "$ENGINES/programs"
  [ -z "$wanted" ] || (cd "$ENGINES/packages" && xargs apt-get "${options[@]}" download -qq <<<"$wanted") || return 1
  local package
  for package in "$ENGINES"/packages/*.deb; do dpkg -x "$package" "$ENGINES" || return 1; done
  rm -rf "$ENGINES/packages"
  relink
}

# Absolute links in the unpacked tree point into the real system; let them point into the tree.
relink() {
  local link target
  while read -r link; do
    target=$(readlink "$link")
    if [ "${target#/}" != "$target" ] && [ -e "$ENGINES$target" ]; then ln -sfn "$ENGINES$target" "$link"; fi
  done < <(find "$ENGINES" -type l)
}
