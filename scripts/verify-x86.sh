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
[ "$(uname -m)" = x86_64 ] || { echo "not an x86-64 machine: nothing to do"; exit 0; }
on() { runner=(qemu-x86_64 -cpu "$1"); }
here=" $(machine_features "$binary") "
has_avx2() { [[ $here == *" SSE41 "* && $here == *" AVX2 "* && $here == *" FMA "* && $here == *" F16C "* ]]; }

runner=()
check_rows "here" "$here" --op gemv || exit 1
# qemu loads all that a mask of AVX2 selects from: --slack
on max
if [ "$all" = 1 ]; then
  check_rows "AVX2, emulated" "SSE41 AVX2 FMA F16C" --slack || exit 1
elif ! has_avx2; then
  for op in dequantize quantize_act dot gemv gemm attn_score attn_acc; do
    check_rows "AVX2, emulated, $op" "SSE41 AVX2 FMA F16C" --slack --op "$op" || exit 1
  done
else
  check_rows "AVX2, emulated, gemv" "SSE41 AVX2 FMA F16C" --slack --op gemv --isa avx2 || exit 1
fi
on Nehalem
if [ "$all" = 1 ]; then
  check_rows "SSE4.2, no AVX" "SSE41" || exit 1
else
  check_rows "SSE4.2, no AVX, gemv" "SSE41" --op gemv || exit 1
fi
on core2duo # SSSE3, but not SSE4.1
check_rows "no SSE4.1, gemv" "" --op gemv || exit 1
check_rows "no SSE4.1, gemm" "" --op gemm --format q4_K
