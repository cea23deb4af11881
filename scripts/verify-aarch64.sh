#!/usr/bin/env bash
# Runs every NEON and scalar row of an AArch64 build under qemu-user. The expected number of skips is pinned: a row that
# silently stops being run is a failure. Time under emulation means nothing and is not shown.
set -uo pipefail
binary=$1
out=$(timeout 1200 qemu-aarch64 -L /usr/aarch64-linux-gnu "$binary" verify --quick --json) || { echo "$out" | tail -n 40; exit 1; }
field() { printf '%s' "$out" | tr -d ' \t\n' | grep -oE "\"$1\":[0-9]+" | head -n 1 | cut -d: -f2; }
echo "aarch64: rows $(field rows), ok $(field ok), fail $(field fail), skip $(field skip)"
rows=$(field rows)
here=$(cd "$(dirname "$0")/.." && grep -cE '^GB_KERNEL\(.*, (neon|scalar), ' kernels/kernels.def)
[ "$(field fail)" = 0 ] && [ "$(field ok)" = "$here" ] && [ "$((here + $(field skip)))" = "$rows" ]
