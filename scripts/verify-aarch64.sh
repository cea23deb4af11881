#!/usr/bin/env bash
# Runs every NEON and scalar row of an AArch64 build under qemu-user, then on a CPU without dot products: there the rows that
# need them are skipped with the reason, and the other NEON rows run (none holds an SDOT). The expected numbers are pinned: a row
# that silently stops being run is a failure. Time under emulation means nothing and is not shown.
set -uo pipefail
binary=$1
table=$(cd "$(dirname "$0")/.." && pwd)/kernels/kernels.def
rows_of() { grep -cE "^GB_KERNEL\(.*, ($1), " "$table"; }
verify() { # CPU arguments...
  local cpu=$1; shift
  out=$(timeout 1200 qemu-aarch64 -cpu "$cpu" -L /usr/aarch64-linux-gnu "$binary" verify --quick --json "$@") ||
    { echo "$out" | tail -n 40; exit 1; }
}
field() { printf '%s' "$out" | tr -d ' \t\n' | grep -oE "\"$1\":[0-9]+" | head -n 1 | cut -d: -f2; }

verify max
echo "aarch64: rows $(field rows), ok $(field ok), fail $(field fail), skip $(field skip)"
here=$(rows_of 'neon|neon_dotprod|scalar')
[ "$(field fail)" = 0 ] && [ "$(field ok)" = "$here" ] && [ "$((here + $(field skip)))" = "$(field rows)" ] || exit 1

verify cortex-a53 --isa neon_dotprod
echo "without dot products: neon_dotprod skip $(field skip)"
[ "$(field skip)" = "$(rows_of neon_dotprod)" ] && [ "$(field rows)" = "$(field skip)" ] || exit 1
[ "$(printf '%s' "$out" | grep -c 'lacks NEON dot product')" = "$(field skip)" ] || { echo "a reason is missing"; exit 1; }
verify cortex-a53 --isa neon --op gemv
echo "without dot products: neon gemv ok $(field ok), fail $(field fail)"
[ "$(field fail)" = 0 ] && [ "$(field ok)" = "$(grep -cE '^GB_KERNEL\(.*, gemv, neon, ' "$table")" ]
