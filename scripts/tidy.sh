#!/usr/bin/env bash
# clang-tidy with the repository's .clang-tidy over every C file that a build compiles (the compile commands of the preset given,
# default release). Prints what it finds; exit 1 if there is anything, 77 if clang-tidy is not here.
# --quick leaves the path analyzer (clang-analyzer-*, nine tenths of the time) out for kernels/, bench/ceilings, bench/price and tests/:
# kernels are straight-line code that verify runs between guard pages and under sanitizers; the rest reads hostile files and keeps it.
# Of avx512 and avxvnni it looks at one file: the others are a few lines each that expand the headers of avx512vnni and avx2 again.
#   scripts/tidy.sh [--quick] [PRESET [FILE...]]
set -euo pipefail
cd "$(dirname "$0")/.."
quick=0
if [ "${1:-}" = --quick ]; then quick=1; shift; fi
preset=${1:-release}
shift $(($# > 0))
command -v clang-tidy >/dev/null || { echo "tidy.sh: no clang-tidy here (scripts/install-deps.sh --clang)" >&2; exit 77; }
commands=build/$preset/compile_commands.json
[ -f "$commands" ] || { echo "tidy.sh: no $commands: cmake --preset $preset first" >&2; exit 2; }
if [ $# -gt 0 ]; then files=("$@")
else mapfile -t files < <(sed -nE "s|^ *\"file\": \"$PWD/(.*\.c)\".*|\1|p" "$commands" | grep -v '^build/' | sort -u); fi
[ ${#files[@]} -gt 0 ] || { echo "tidy.sh: $commands names no file" >&2; exit 2; }
straight='^(kernels/[a-z0-9_]+/|bench/(ceilings|price)/|tests/)'
tidy() { # clang-tidy's arguments...; files on stdin
  xargs -r -P "$(nproc)" -n 4 clang-tidy -p "build/$preset" --quiet "$@" 2>/dev/null
}
if [ "$quick" = 0 ]; then
  printf '%s\n' "${files[@]}" | tidy
  exit
fi
mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -vE '^kernels/(avx512|avxvnni)/' || true
  printf '%s\n' "${files[@]}" | grep -E '^kernels/(avx512|avxvnni)/q4_K\.c$' || true)
status=0
printf '%s\n' "${files[@]}" | { grep -E "$straight" || true; } | tidy '--checks=-clang-analyzer-*' || status=1
printf '%s\n' "${files[@]}" | { grep -vE "$straight" || true; } | tidy || status=1
exit "$status"
