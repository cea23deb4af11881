#!/usr/bin/env bash
# The one hash: perplexity's logits hash of a model is the same for every program given (gcc, clang, AArch64 under qemu), every
# tier, every batch: 16 tokens at once and then 3 run gemm, one at a time gemv; with each type of KV cache. On a short text, one
# thread (qemu-user cannot start a second one on every host); threads are compared by the test suite.
#   scripts/one-hash.sh [--all] [--formats LIST] X86_PROGRAM [PROGRAM...]
# The first program makes the models, and the first run of each, on its reference, says what is expected.
# Tiers: of a program with stand-ins those whose instructions it replaces, of others all that they and the CPU have. Under emulation
# the plain C of `reference` and `scalar` takes thrice a vector tier's time: only of the formats in $plain (--all: of all).
# The model: a random one of one layer, its matrices in the format: rows of one super-block and of two, and as many tokens in the
# vocabulary as fill no vectors. What is not a layer's is f32: activations rounded to f16 for the last product would hide a last bit.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/beside.sh
plain=" f16 q8_0 q4_0 q4_K q6_K "
formats=all
all=0
while [[ ${1:-} == --* ]]; do
  case $1 in
    --formats) formats=$2; shift 2 ;;
    --all) all=1; shift ;;
    *) echo "one-hash.sh: unknown option '$1'" >&2; exit 2 ;;
  esac
done
[ $# -gt 0 ] || { echo "one-hash.sh: which program?" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
text=$work/text
head -c 2000 models/gauge-4m/gauge-4m-sample.txt >"$text"
cat >"$work/shape.txt" <<END
vocab 260
dim 256
layers 1
heads 4
kv_heads 2
head_dim 64
ffn 512
context 64
tied 1
rope_base 10000
eps 1e-5
END
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
objects() { # field: the names of those in the JSON list of standard input that have it
  tr -d '\n' | tr '}' '\n' | sed -nE "/$1/s/.*\"name\":[[:space:]]*\"([^\"]*)\".*/\1/p"
}
if [ "$formats" = all ]; then formats=$("$1" list formats --json | objects weights); fi
[ -n "$formats" ] || { echo "one-hash.sh: no formats" >&2; exit 1; }
"$1" synth --shape "$work/shape.txt" --type F32 "$work/f32.gguf" >/dev/null
"$1" imatrix -m "$work/f32.gguf" -f "$text" -c 64 --chunks 8 -o "$work/imatrix.gguf" >/dev/null
declare -A tiers emulated
for program in "$@"; do
  run "$program" list isas --json >"$work/isas"
  tiers[$program]=$(objects '"reason":[[:space:]]*"this program replaces' <"$work/isas" | sed 's/$/ --stand-in/' | tr '\n' ',')
  if [ -z "${tiers[$program]}" ]; then
    tiers[$program]=reference,$(objects '"supported":[[:space:]]*true' <"$work/isas" | tr '\n' ',')
  fi
  emulated[$program]=$(is_aarch64 "$program" && echo 1 || echo 0)
done

# One format and type of KV cache on every program, tier and batch: its line, and those of the runs that differ; exit 1 if any does.
one_model() { # format kv program...
  local format=$1 kv=$2 model=$work/$1.$2.gguf first= runs=0 differs=0 program tier isas batch hash
  shift 2
  "$1" quantize --tensor-type "^blk\\.=$format" --imatrix "$work/imatrix.gguf" "$work/f32.gguf" "$model" F32 2>&1 >/dev/null || return 1
  for program in "$@"; do
    IFS=, read -ra isas <<<"${tiers[$program]}"
    for tier in "${isas[@]}"; do
      if [ "${emulated[$program]}$all" = 10 ] && [[ "$tier" =~ ^(reference|scalar)$ && $plain != *" $format "* ]]; then continue; fi
      for batch in 16 1; do
        # $tier: a name, perhaps with --stand-in
        hash=$(run "$program" perplexity --isa $tier -m "$model" -f "$text" -c 20 --chunks 1 -t 1 -b "$batch" --kv "$kv" |
          sed -n 's/^logits hash //p') || true # said below
        [ ${#hash} -eq 32 ] || { echo "$program: no logits hash for $format, KV cache in $kv, $tier, batch $batch"; return 1; }
        [ -n "$first" ] || first=$hash
        runs=$((runs + 1))
        [ "$hash" = "$first" ] && continue
        echo "$format, KV cache in $kv: $hash instead of $first: $program, $tier, batch $batch"
        differs=1
      done
    done
  done
  printf '%-11s %-4s %s\n' "$format" "$kv" "$first"
  echo "$runs" >"$work/$format.$kv.runs"
  return $differs
}

status=0
for format in $formats; do beside one_model "$format" f16 "$@"; done
for kv in f32 q8_0; do beside one_model q4_K "$kv" "$@"; done
all_beside || status=1
echo "$(cat "$work"/*.runs | awk '{ n += $1 } END { print n }') runs"
for program in "$@"; do echo "  $program on ${tiers[$program]%,}" | sed 's/,/, /g'; done
exit "$status"
