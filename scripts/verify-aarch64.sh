#!/usr/bin/env bash
# Runs the rows of an AArch64 build under qemu-user, on CPUs that lack ever more: a tier's rows are skipped with the reason, and the
# others must not hold its instructions. What each CPU answers is compared row for row (scripts/rows.sh). Time under emulation means
# nothing and is not shown.
#   scripts/verify-aarch64.sh [--all] BINARY     --all: every row on lesser CPUs too, not one format of most operations on blocks
set -uo pipefail
all=0
if [ "$1" = --all ]; then all=1; shift; fi
binary=$1
library=$(dirname "$binary")/libgaugeblock.a
architecture=aarch64
. "$(dirname "$0")/rows.sh"
. "$(dirname "$0")/beside.sh"
command -v aarch64-linux-gnu-objdump >/dev/null || { echo "FAILED: no aarch64-linux-gnu-objdump: install binutils-aarch64-linux-gnu"; exit 1; }
on() { runner=(qemu-aarch64 -cpu "$1" -L /usr/aarch64-linux-gnu); }

on max
for op in $(operations); do beside check_rows "aarch64 with matrix products, $op" "NEON DOTPROD I8MM" --op "$op"; done
lesser() { # CPU name features operations-in-every-format
  local op one
  on "$1"
  for op in $(operations); do
    one=()
    if [ "$all" = 0 ] && [[ " $4 " != *" $op "* ]]; then
      case $op in
        dequantize | dot | gemv | gemm) one=(--format q4_K) ;;
        quantize) one=(--format iq4_nl) ;; # the cheapest that has a search
      esac
    fi
    beside check_rows "$2, $op${one[1]:+ of ${one[1]}}" "$3" --op "$op" "${one[@]}"
  done
}
lesser neoverse-n1 "without I8MM" "NEON DOTPROD" gemm
lesser cortex-a53 "without dot products" "NEON" gemv
all_beside || exit 1
same_symbols aarch64 "$library" || exit 1

# The instructions lie where the tiers say and nowhere else. Wants binutils that know ARMv8.6
# (2.35): older ones print SMMLA as .inst.
aarch64-linux-gnu-objdump -d --no-show-raw-insn "$library" | awk '
  /^[0-9a-f]+ <gb_.*_(scalar|neon|neon_dotprod|neon_i8mm)>:$/ { tier = $2; sub(/>:$/, "", tier); sub(/.*_(scalar|neon)/, "neon", tier) }
  /file format/ { tier = "neither" }
  /\t(sdot|udot)\t/ { dot[tier]++ }
  /\tu?smmla\t/ { mmla[tier]++ }
  END {
    for (t in dot) if (t != "neon_dotprod" && t != "neon_i8mm") { print "FAILED: SDOT in a file of " t; bad = 1 }
    for (t in mmla) if (t != "neon_i8mm") { print "FAILED: SMMLA in a file of " t; bad = 1 }
    if (!dot["neon_dotprod"] || !mmla["neon_i8mm"]) { print "FAILED: a tier without its instructions"; bad = 1 }
    print "instructions: " dot["neon_dotprod"] " SDOT in neon_dotprod, " mmla["neon_i8mm"] " SMMLA in neon_i8mm, none elsewhere"
    exit bad
  }'
