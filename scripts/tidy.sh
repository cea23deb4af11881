#!/usr/bin/env bash
# clang-tidy with the repository's .clang-tidy over every C file that a build compiles (the compile commands of the preset given,
# default release). Prints what it finds; exit 1 if there is anything, 77 if clang-tidy is not here.
#   scripts/tidy.sh [PRESET [FILE...]]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
shift $(($# > 0))
command -v clang-tidy >/dev/null || { echo "tidy.sh: no clang-tidy here (scripts/install-deps.sh --clang)" >&2; exit 77; }
commands=build/$preset/compile_commands.json
[ -f "$commands" ] || { echo "tidy.sh: no $commands: cmake --preset $preset first" >&2; exit 2; }
if [ $# -gt 0 ]; then files=("$@")
else mapfile -t files < <(sed -nE "s|^ *\"file\": \"$PWD/(.*\.c)\".*|\1|p" "$commands" | grep -v '^build/' | sort -u); fi
[ ${#files[@]} -gt 0 ] || { echo "tidy.sh: $commands names no file" >&2; exit 2; }
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy -p "build/$preset" --quiet 2>/dev/null
