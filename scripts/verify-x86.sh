#!/usr/bin/env bash
# Runs the x86-64 tiers up to avx2 whatever this machine is: a tier that its CPU has runs on it (tests/cli_verify.sh: all rows, those
# that it lacks are skipped for the right reason), the others under qemu-user. There also CPUs without AVX2 and without SSE4.1:
# what they lack is skipped and named, and the rest must not hold its instructions. What each answers is compared row for row
# (scripts/rows.sh).
#   scripts/verify-x86.sh [--all] BINARY     --all: every operation and avx2 under qemu too
set -uo pipefail
all=0
if [ "$1" = --all ]; then all=1; shift; fi
binary=$1
architecture=x86_64
. "$(dirname "$0")/rows.sh"
. "$(dirname "$0")/beside.sh"
[ "$(uname -m)" = x86_64 ] || { echo "not an x86-64 machine: nothing to do"; exit 0; }
on() { runner=(qemu-x86_64 -cpu "$1"); }
here=" $(machine_features "$binary") "
has_avx2() { [[ $here == *" SSE41 "* && $here == *" AVX2 "* && $here == *" FMA "* && $here == *" F16C "* ]]; }

runner=()
beside check_rows "here" "$here" --op gemv
# qemu loads all that a mask of AVX2 selects from: --slack
on max
if [ "$all" = 1 ] || ! has_avx2; then
  for op in $(operations); do beside check_rows "AVX2, emulated, $op" "SSE41 AVX2 FMA F16C" --slack --op "$op"; done
else
  beside check_rows "AVX2, emulated, gemv" "SSE41 AVX2 FMA F16C" --slack --op gemv --isa avx2
fi
on Nehalem
if [ "$all" = 1 ]; then
  beside check_rows "SSE4.2, no AVX" "SSE41"
else
  beside check_rows "SSE4.2, no AVX, gemv" "SSE41" --op gemv
fi
on core2duo # SSSE3, but not SSE4.1
beside check_rows "no SSE4.1, gemv" "" --op gemv
beside check_rows "no SSE4.1, gemm" "" --op gemm --format q4_K
all_beside
