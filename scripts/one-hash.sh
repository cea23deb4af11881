#!/usr/bin/env bash
# The one hash: perplexity's logits hash of every model type is the same for every program given (gcc, clang, AArch64 under
# qemu), with its best tier and with that of sixteen-byte vectors, on a short text, one thread (qemu-user cannot start a second
# one on every host). Within one program, all ISAs, threads and batches are compared by the test suite itself.
#   scripts/one-hash.sh X86_PROGRAM [PROGRAM...]
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=models/gauge-4m/gauge-4m-f16.gguf
head -c 1600 models/gauge-4m/gauge-4m-sample.txt >"$work/text"
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
status=0
for type in F16 Q8_0 Q4_0 Q4_K Q6_K; do
  file=$model
  if [ "$type" != F16 ]; then
    file=$work/$type.gguf
    "$1" quantize --pure "$model" "$file" "$type" >/dev/null 2>&1
  fi
  first=
  for program in "$@"; do
    tier=sse41
    if is_aarch64 "$program"; then tier=neon; fi
    for isa in auto "$tier"; do
      hash=$(run "$program" perplexity --isa "$isa" -m "$file" -f "$work/text" -c 16 --chunks 1 -t 1 --json |
        sed -n 's/.*"logits_hash":[[:space:]]*"\([0-9a-f]*\)".*/\1/p')
      [ ${#hash} -eq 32 ] || { echo "$program: no logits hash for $type, $isa"; exit 1; }
      [ -n "$first" ] || first=$hash
      mark=same
      if [ "$hash" != "$first" ]; then mark=DIFFERENT; status=1; fi
      printf '%-5s %-5s %s %s %s\n' "$type" "$isa" "$hash" "$mark" "$program"
    done
  done
done
exit "$status"
