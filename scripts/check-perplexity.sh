#!/usr/bin/env bash
# Perplexity of the default model on its own text, in the recipes that llama.cpp was asked for, against llama.cpp's numbers for the same model
# and text (models/gauge-4m/README.md). More than 0.5 % apart is a bug: other rounding explains some hundredths of a percent.
#   scripts/check-perplexity.sh PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
gb=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=models/gauge-4m/gauge-4m-f16.gguf
status=0
while read -r type wanted; do
  file=$model
  if [ "$type" != F16 ]; then
    file=$work/$type.gguf
    "$gb" quantize "$model" "$file" "$type" >/dev/null
  fi
  found=$("$gb" perplexity -m "$file" -f models/gauge-4m/gauge-4m-sample.txt -c 256 | sed -n 's/^Final estimate: PPL = \([0-9.]*\) .*/\1/p')
  awk -v t="$type" -v f="$found" -v w="$wanted" 'BEGIN { d = (f / w - 1) * 100; ok = f != "" && d < 0.5 && d > -0.5;
    printf "%-7s %s, llama.cpp %s: %+.4f %%%s\n", t, f, w, d, ok ? "" : "  TOO FAR"; exit !ok }' || status=1
done <<'END'
F16 61.2005
Q8_0 61.2193
Q6_K 61.2893
Q5_K_M 61.3597
Q4_K_M 61.7235
Q4_0 62.1012
IQ4_NL 61.9939
IQ4_XS 61.8475
Q3_K_L 62.3063
Q3_K_M 62.4428
Q2_K 67.5966
END
exit $status
