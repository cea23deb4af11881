#!/usr/bin/env bash
# The golden digests (tests/golden/digests.txt) from other compilers and optimization levels: every program given, and, with
# --O0 COMPILER, a fresh build without optimization. A result that depends on the compiler is a difference here.
#   scripts/same-digests.sh [--O0 gcc|clang|aarch64]... [golden_digests program]...
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/beside.sh
golden=tests/golden/digests.txt
compare() { # label command...
  local label=$1 difference
  shift
  if difference=$(diff <(timeout 600 "$@") "$golden" 2>&1); then
    printf '%-16s %s digests equal\n' "$label" "$(wc -l <"$golden")"
  else
    printf '%-16s DIFFERENT: %s\n' "$label" "$(head -n 3 <<<"$difference" | tr '\n' ' ')"
    return 1
  fi
}
run() { # label program
  if [[ $1 == *aarch64* ]]; then beside compare "$1" qemu-aarch64 -L /usr/aarch64-linux-gnu "$2" "${3:-reference}"
  else beside compare "$1" "$2" "${3:-reference}"; fi
}
while [ $# -gt 0 ]; do
  if [ "$1" = --O0 ]; then # without -Werror: unoptimized, intrinsics are macros, and the warnings are theirs
    preset=release tiers=none # what runs here is the reference
    case $2 in clang) preset=clang ;; aarch64) preset=aarch64-qemu tiers='scalar;neon' ;; esac
    folder=build/O0-$2
    { cmake --preset "$preset" -B "$folder" -DCMAKE_C_FLAGS_RELEASE=-O0 -DGB_WERROR=OFF "-DGB_TIERS=$tiers" && cmake --build "$folder" --target golden_digests; } \
      >"build/O0-$2.log" 2>&1 || { tail -n 20 "build/O0-$2.log"; exit 1; }
    run "$2 -O0" "$folder/tests/golden_digests"
    if [ "$2" = aarch64 ]; then run "$2 -O0 neon" "$folder/tests/golden_digests" neon; fi
    shift 2
  else
    run "$(basename "$(dirname "$(dirname "$1")")")" "$1"
    shift
  fi
done
all_beside
