#!/usr/bin/env bash
# Proves that `make demo` and `make test` do all their own set-up: runs each in an own empty Debian 12 that has
# Python, make and root and nothing else, on a clone of the last commit. The caller's settings for apt, pip and npm
# and its certificates are copied in at run time; none of them stands in the repository. TARGETS chooses the targets.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/apt.sh

is_root || fail "make fresh needs root: it makes a Debian of its own and enters it"

# All mounts and processes live in namespaces of their own and are gone when this script is, however it ends.
if [ "${IDBRIDGE_FRESH:-}" != inside ]; then
  IDBRIDGE_FRESH=inside exec unshare --mount --propagation private --pid --fork --kill-child "$0" "$@"
fi

read -r -a targets <<<"${TARGETS:-demo test}"
home=$PWD/.cache/fresh
mkdir -p "$home/packages"
[ -z "$(git status --porcelain)" ] || say "the work tree has changes that are not committed; the clone will not have them"
command -v debootstrap >/dev/null || apt_packages debootstrap

mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | awk '$2 == "bookworm" { print $1; exit }')
[ -n "$mirror" ] || fail "apt on this machine knows no mirror of Debian bookworm" "add one to /etc/apt/sources.list.d"

make_base() {
  rm -rf --one-file-system "$home/base"
  debootstrap --variant=minbase --include=python3,make --cache-dir="$home/packages" bookworm "$home/base" "$mirror" \
    >"$home/debootstrap.log" 2>&1 || { tail -n 15 "$home/debootstrap.log" >&2; fail "debootstrap failed"; }
}

# Copies files and folders of the caller to the same place in the new system, links followed.
carry() {
  local root=$1 path
  shift
  for path in "$@"; do
    if [ -e "$path" ]; then
      mkdir -p "$root$(dirname "$path")"
      cp -rL "$path" "$root$(dirname "$path")/" 2>/dev/null || true
    fi
  done
}

carry_settings() {
  rm -rf "$1/etc/apt/sources.list"
  carry "$1" /etc/resolv.conf /etc/hosts \
    /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf /etc/apt/auth.conf.d \
    /etc/apt/trusted.gpg.d /etc/apt/keyrings /etc/apt/preferences.d \
    /etc/pip.conf "$HOME/.config/pip" "$HOME/.pip" /etc/npmrc "$HOME/.npmrc" \
    /etc/ssl/certs /usr/local/share/ca-certificates
}

passed_environment() {
  env -0 | grep -zE '^(PIP_|NPM_|npm_config_|SSL_CERT_|NODE_EXTRA_CA_CERTS=|REQUESTS_CA_BUNDLE=|(http|https|no|all)_proxy=|(HTTP|HTTPS|NO|ALL)_PROXY=)' || true
}

prepare() {
  local root=$home/$1
  rm -rf --one-file-system "$root"
  cp -a "$home/base" "$root"
  carry_settings "$root"
  mkdir -p "$root/srv"
  git clone -q --no-hardlinks . "$root/srv/idbridge"
  [ ! -d ../shared ] || cp -r ../shared "$root/srv/shared"
  mount -t proc proc "$root/proc"
  mkdir -p "$root/dev/shm" && mount -t tmpfs tmpfs "$root/dev/shm"
}

enter() {
  local root=$1 settings
  shift
  mapfile -d '' -t settings < <(passed_environment)
  env -i "${settings[@]}" HOME="$HOME" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 TERM="${TERM:-dumb}" CI=true chroot "$root" "$@"
}

clean_up() {
  local name
  for name in "${targets[@]}"; do
    umount "$home/$name/dev/shm" "$home/$name/proc" 2>/dev/null || true
    [ -n "${KEEP:-}" ] || rm -rf --one-file-system "${home:?}/$name"
  done
  [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$home/base"
}
trap clean_up EXIT

started=$SECONDS
make_base
say "an empty Debian $(cat "$home/base/etc/debian_version") with $(chroot "$home/base" python3 --version) in $((SECONDS - started)) s"

rows=()
code=0
for target in "${targets[@]}"; do
  prepare "$target"
  started=$SECONDS
  outcome=ok
  enter "$home/$target" make --no-print-directory -C /srv/idbridge "$target" || { outcome=FAILED; code=1; }
  rows+=("$(printf 'make %-6s %-7s %4d s' "$target" "$outcome" $((SECONDS - started)))")
done
printf '%s\n' "${rows[@]}"
exit $code
