#!/usr/bin/env bash
# The one hash: perplexity's logits hash of a model is the same for every program given (gcc, clang, AArch64 under qemu), every
# tier and every batch: 16 tokens at once run gemm, one at a time gemv. On a short text, one thread (qemu-user cannot start a
# second one on every host); threads are compared by the test suite.
#   scripts/one-hash.sh [--formats LIST] [--every-tier] X86_PROGRAM [PROGRAM...]
# --formats all: every weight format of `list formats` (default: f16, q8_0, q4_0, q4_K, q6_K). --every-tier: every tier that the
# program and the CPU have (default: the best, and that of sixteen-byte vectors).
# The model: a random one of two layers, its matrices in the format.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/beside.sh
formats="f16 q8_0 q4_0 q4_K q6_K"
every=0
while [[ ${1:-} == --* ]]; do
  case $1 in
    --formats) formats=$2; shift 2 ;;
    --every-tier) every=1; shift ;;
    *) echo "one-hash.sh: unknown option '$1'" >&2; exit 2 ;;
  esac
done
[ $# -gt 0 ] || { echo "one-hash.sh: which program?" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
text=models/gauge-4m/gauge-4m-sample.txt
is_aarch64() { # program
  file -bL "$1" 2>/dev/null | grep -q aarch64 || [[ $1 == *aarch64* ]]
}
run() { # program arguments...
  local program=$1; shift
  if is_aarch64 "$program"; then
    timeout 120 qemu-aarch64 -L /usr/aarch64-linux-gnu "$program" "$@"
  else
    "$program" "$@"
  fi
}
tiers_of() { # program
  if [ "$every" = 1 ]; then
    echo reference
    run "$1" list isas --json | tr -d '\n' | grep -oE '\{[^}]*"supported":[[:space:]]*true' |
      sed -nE 's/.*"name":[[:space:]]*"([^"]*)".*/\1/p'
  elif is_aarch64 "$1"; then echo auto neon
  else echo auto sse41
  fi
}
if [ "$formats" = all ]; then
  formats=$("$1" list formats --json | tr -d '\n' | grep -oE '\{[^}]*\}' | grep weights |
    sed -nE 's/.*"name":[[:space:]]*"([^"]*)".*/\1/p')
fi
"$1" synth --shape tiny --type F16 "$work/f16.gguf" >/dev/null
"$1" imatrix -m "$work/f16.gguf" -f "$text" -c 64 --chunks 8 -o "$work/imatrix.gguf" >/dev/null
declare -A tiers
for program in "$@"; do tiers[$program]=$(tiers_of "$program"); done

# One format on every program, tier and batch: its line, and those of the runs that differ; exit 1 if any does.
one_format() { # format program...
  local format=$1 model=$work/f16.gguf first= runs=0 differs=0 program isa batch hash
  shift
  if [ "$format" != f16 ]; then
    model=$work/$format.gguf
    "$1" quantize --tensor-type "^blk\\.=$format" --imatrix "$work/imatrix.gguf" "$work/f16.gguf" "$model" F16 2>&1 >/dev/null || return 1
  fi
  for program in "$@"; do
    for isa in ${tiers[$program]}; do
      for batch in 16 1; do
        hash=$(run "$program" perplexity --isa "$isa" -m "$model" -f "$text" -c 16 --chunks 1 -t 1 -b "$batch" --json |
          sed -n 's/.*"logits_hash":[[:space:]]*"\([0-9a-f]*\)".*/\1/p') || true # said below
        [ ${#hash} -eq 32 ] || { echo "$program: no logits hash for $format, $isa, batch $batch"; return 1; }
        [ -n "$first" ] || first=$hash
        runs=$((runs + 1))
        [ "$hash" = "$first" ] && continue
        echo "$format: $hash instead of $first: $program, $isa, batch $batch"
        differs=1
      done
    done
  done
  printf '%-11s %s\n' "$format" "$first"
  echo "$runs" >"$work/$format.runs"
  return $differs
}

status=0
for format in $formats; do beside one_format "$format" "$@"; done
all_beside || status=1
echo "$(cat "$work"/*.runs | awk '{ n += $1 } END { print n }') runs: $(for program in "$@"; do echo "$program on" ${tiers[$program]}';'; done | tr '\n' ' ')"
exit "$status"
