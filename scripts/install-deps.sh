#!/usr/bin/env bash
# Installs the Debian (or Ubuntu) packages that gaugeblock is built and tested with; says nothing if all are there.
#   scripts/install-deps.sh [--clang] [--arm64] [--check]
#     --clang  also the second compiler, its sanitizer runtime, clang-tidy and clang-format
#     --arm64  also the AArch64 cross compiler, its libraries and qemu-user
#     --check  only name what is missing (exit 1), install nothing
# Exit 0: nothing is missing (any more). 1: something is, and this user may not install it (the command is printed).
# 2: usage. On a system without dpkg it cannot look: it says so, and leaves the check to CMake (--check: exit 1).
set -euo pipefail
clang=0
arm64=0
check=0
for word in "$@"; do
  case "$word" in
    --clang) clang=1 ;;
    --arm64) arm64=1 ;;
    --check) check=1 ;;
    *) echo "install-deps.sh: unknown option '$word'; known: --clang --arm64 --check" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install-deps.sh: no dpkg here: needed are a C11 compiler, CMake, Ninja, pkg-config, git, and the libraries check," \
    "hwloc, libpfm4, SQLite, cJSON, PCRE2 and xxHash (the first four are optional); gnuplot for plots" >&2
  exit "$check"
fi
native=$(dpkg --print-architecture)

# One word per need; "a|b" is met by either, and the first that apt knows is installed. A ":arch" asks for that build.
needs=(
  "build-essential|gcc" libc6-dev cmake ninja-build "pkg-config|pkgconf" git
  check libhwloc-dev libpfm4-dev libsqlite3-dev libcjson-dev libpcre2-dev libxxhash-dev
  "gnuplot-nox|gnuplot-qt|gnuplot-x11"
)
if [ "$clang" = 1 ]; then
  # the runtime must have the version that the package clang stands for; its unversioned name is the fallback
  depends=$(dpkg-query -W -f='${Depends}' clang 2>/dev/null || apt-cache depends clang 2>/dev/null) || depends=
  version=$(sed -nE 's/^( *Depends: )?clang-([0-9]+).*/\2/p' <<<"$depends" | head -n 1)
  needs+=(clang clang-tidy clang-format "libclang-rt-${version:-14}-dev|libclang-rt-dev")
fi
if [ "$arm64" = 1 ]; then
  needs+=("qemu-user|qemu-user-static" libc6:arm64 libcjson-dev:arm64 libpcre2-dev:arm64 libxxhash-dev:arm64)
  if [ "$native" != arm64 ]; then needs+=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross); fi
fi

installed() { # package[:arch]
  local arch=$native
  if [[ $1 == *:* ]]; then arch=${1#*:}; fi
  dpkg-query -W -f='${db:Status-Abbrev}${Architecture}\n' "${1%%:*}" 2>/dev/null | grep -qE "^.i ($arch|all)$"
}

met() { # a|b|c
  local name names
  IFS='|' read -ra names <<<"$1"
  for name in "${names[@]}"; do
    if installed "$name"; then return 0; fi
  done
  return 1
}

# The first alternative with an installable version; the first at all if apt knows none (apt-get then says so).
choose() { # a|b|c
  local name names
  IFS='|' read -ra names <<<"$1"
  for name in "${names[@]}"; do
    if apt-cache policy "$name" 2>/dev/null | grep -qE '^ *Candidate: [^(]'; then echo "$name"; return; fi
  done
  echo "${names[0]}"
}

find_missing() {
  missing=()
  local need
  for need in "${needs[@]}"; do
    if ! met "$need"; then missing+=("$need"); fi
  done
}

find_missing
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if [ "$check" = 1 ]; then
  printf 'missing: %s\n' "${missing[@]//|/ or }"
  exit 1
fi

foreign=0
if [ "$arm64" = 1 ] && [ "$native" != arm64 ] && ! dpkg --print-foreign-architectures | grep -qx arm64; then foreign=1; fi

root=()
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    mapfile -t packages < <(for need in "${missing[@]}"; do choose "$need"; done)
    echo "install-deps.sh: packages are missing, and installing them needs root. Run:" >&2
    if [ "$foreign" = 1 ]; then echo "  sudo dpkg --add-architecture arm64 && \\" >&2; fi
    echo "  sudo apt-get update && sudo apt-get install --no-install-recommends ${packages[*]}" >&2
    exit 1
  fi
  root=(sudo -n)
fi

if [ "$foreign" = 1 ]; then "${root[@]}" dpkg --add-architecture arm64; fi
"${root[@]}" apt-get -q update
mapfile -t packages < <(for need in "${missing[@]}"; do choose "$need"; done)
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${packages[@]}"
find_missing
if [ ${#missing[@]} -gt 0 ]; then
  printf 'install-deps.sh: still missing: %s\n' "${missing[@]//|/ or }" >&2
  exit 1
fi
