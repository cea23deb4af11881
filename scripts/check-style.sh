#!/usr/bin/env bash
# Formatting and file hygiene of tracked sources. With --fix, formats in place.
set -uo pipefail
cd "$(dirname "$0")/.."
command -v clang-format >/dev/null || { echo "clang-format is not installed: style not checked" >&2; exit 1; }
mapfile -t files < <(git ls-files '*.c' '*.h')
if [ "${1:-}" = "--fix" ]; then exec clang-format -i "${files[@]}"; fi
clang-format --dry-run --Werror "${files[@]}" 2>&1 | grep -E 'error|warning' | head -n 20
status=${PIPESTATUS[0]}
# trailing blanks and tabs in sources
if git grep -nIP '[ \t]+$' -- '*.c' '*.h' '*.def' '*.cmake' '*.sh' '*.md'; then status=1; fi
if git grep -nIP '\t' -- '*.c' '*.h' '*.def' '*.cmake'; then status=1; fi
exit "$status"
