# shellcheck shell=bash
# What the scripts share. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
me=${0##*/}

# What building needs beside the Swift toolchain itself (Debian's names): headers and C++ runtime, simdjson, SQLite,
# zlib, what SwiftPM fetches packages with, and the libraries the toolchain's own programs load.
build_packages=(
  binutils ca-certificates git libc6-dev libcurl4 libgcc-12-dev libncurses6 libsimdjson-dev libsqlite3-0
  libsqlite3-dev libstdc++-12-dev libxml2 pkg-config tzdata zlib1g-dev
)
# What a finished binary needs on a machine that builds nothing.
# shellcheck disable=SC2034
runtime_packages=(libsimdjson14 libsqlite3-0 libstdc++6 tzdata zlib1g)
# The tests also check the unit files, count system calls, and cut the power of a file system in a file.
# shellcheck disable=SC2034
test_packages=(e2fsprogs mount strace systemd util-linux)
# Measuring also counts instructions and takes times.
# shellcheck disable=SC2034
bench_packages=(gzip python3 time valgrind)

say() { printf '%s\n' "$*"; }

# Ends with what is wrong and, as further lines, what to do about it.
die() {
  printf '%s: %s\n' "$me" "$1" >&2
  shift
  if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
  exit "${code:-1}"
}

# The text of a script's own heading comment, from its second line to the first that is no comment.
usage() {
  sed -n '2,/^[^#]/{ s/^# \{0,1\}//p; }' "$0"
}

bad_usage() {
  code=64 die "$1" "see: scripts/$me --help"
}

# Runs a command as root, or says how somebody who may can.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "this needs root and there is no sudo here" "run as root: $*"
  fi
}

# Installs those of the named Debian packages that are missing. Says nothing if none is.
need_packages() {
  local missing=() name log
  if [ -n "${KIZASHI_NO_INSTALL:-}" ]; then return; fi
  if ! command -v dpkg-query >/dev/null; then
    die "this is not a Debian system, so nothing can be installed by this script" \
      "install what corresponds to these Debian packages, then set KIZASHI_NO_INSTALL=1: $*"
  fi
  for name in "$@"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" != installed ]; then missing+=("$name"); fi
  done
  if [ ${#missing[@]} = 0 ]; then return; fi
  say "installing ${missing[*]} ..."
  log=$(mktemp)
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >"$log" 2>&1 </dev/null ||
    ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" \
      >>"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    die "apt-get could not install ${missing[*]}" "the whole output: $log"
  fi
  rm -f "$log"
}

# Everything a build needs, and a Swift new enough.
need_toolchain() {
  need_packages "${build_packages[@]}" "$@"
  if ! command -v swift >/dev/null && [ -x "$HOME/.local/share/swiftly/bin/swift" ]; then
    PATH=$HOME/.local/share/swiftly/bin:$PATH
  fi
  if ! command -v swift >/dev/null; then
    code=69 die "there is no swift on the PATH; Swift 6.3 or newer is needed" \
      "install it: https://www.swift.org/install/linux (Debian 12)"
  fi
  local version text
  if ! text=$(swift --version 2>&1); then
    printf '%s\n' "$text" >&2
    code=69 die "swift --version fails; is a library of the toolchain missing?"
  fi
  version=$(sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' <<<"$text" | head -n 1)
  if [ "$(printf '%s\n' 6.3 "${version:-0}" | sort -V | head -n 1)" != 6.3 ]; then
    code=69 die "Swift ${version:-of unknown version} is too old; 6.3 or newer is needed" \
      "install it: https://www.swift.org/install/linux (Debian 12)"
  fi
}

# quietly TITLE LOG COMMAND...: runs the command with its output in LOG. On a terminal TITLE says what takes time.
quietly() {
  local title=$1 log=$2
  shift 2
  mkdir -p "$(dirname "$log")"
  if [ -t 1 ]; then say "$title ..."; fi
  "$@" >"$log" 2>&1
}

# The release binary, which runs without the toolchain. Prints its path.
build_release() {
  local log=$root/.build/release-build.log
  local flags=(-c release --product kizashi --static-swift-stdlib)
  if ! quietly "building (some minutes the first time)" "$log" swift build --package-path "$root" "${flags[@]}" >&2; then
    grep -E 'error:' "$log" >&2 || tail -n 20 "$log" >&2
    die "the release build failed" "the whole output: $log"
  fi
  printf '%s/kizashi\n' "$(swift build --package-path "$root" "${flags[@]}" --show-bin-path)"
}
