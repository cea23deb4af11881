#!/usr/bin/env bash
# How far predictions are from measurements: a model of a shape in every type, predicted and then measured by the same run, as a
# Markdown table (docs/prediction.md). Needs room for one model at a time, in TMPDIR.
#   [PROMPT=512] [GENERATE=32] scripts/prediction-table.sh [PROGRAM [SHAPE [THREADS [REPETITIONS [TYPES]]]]]
set -euo pipefail
cd "$(dirname "$0")/.."
gb=${1:-build/release/gaugeblock}
shape=${2:-llama-3.2-1b}
threads=${3:-1}
repetitions=${4:-3}
types=${5:-F16 BF16 Q8_0 Q6_K Q5_K_M Q5_0 Q5_1 Q4_K_M Q4_0 Q4_1 IQ4_NL IQ4_XS MXFP4 NVFP4 Q3_K_M IQ3_M IQ3_S IQ3_XXS Q2_K IQ2_M IQ2_S IQ2_XS
  IQ2_XXS IQ1_M IQ1_S TQ1_0 TQ2_0 Q1_0 Q2_0 NF4 FP4 NF4_DQ FP4_DQ INT8_ROW GPTQ4 GPTQ8 AWQ4 MLC_Q4F16_1 ONNX_Q4 MXFP6_E2M3 MXFP6_E3M2
  MXFP8_E4M3 MXFP8_E5M2 FP8_E4M3 FP8_E5M2}
prompt=${PROMPT:-512}
generate=${GENERATE:-32}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "| type | threads | pp$prompt predicted | measured | error | tg$generate predicted | measured | error |"
echo "|---|---:|---:|---:|---:|---:|---:|---:|"
for type in $types; do
  "$gb" synth --shape "$shape" --blocks random --type "$type" "$work/m.gguf" >/dev/null 2>"$work/err" ||
    { echo "prediction-table.sh: $type: $(cat "$work/err")" >&2; continue; }
  sync "$work/m.gguf" # what is still being written takes bandwidth from what is measured
  "$gb" e2e -m "$work/m.gguf" -t "$threads" -p "$prompt" -n "$generate" -r "$repetitions" 2>/dev/null |
    awk -v type="$type" '$1 == "m.gguf" && $2 ~ /^(pp|tg)/ {
      if ($2 ~ /^pp/) printf "| %s | %s", type, $3
      printf " | %.2f | %.2f | %+.1f %%", $8, $4, 100 * ($8 / $4 - 1)
      if ($2 ~ /^tg/) print " |"
    }'
  rm -f "$work/m.gguf"
done | tee "$work/table"
# a median for each column of errors
for column in 5 8; do
  awk -F'|' -v c=$((column + 1)) 'NF > 8 && $c ~ /%/ { sub(/%/, "", $c); e = $c + 0; print e < 0 ? -e : e }' "$work/table" | sort -n |
    awk -v name="$([ $column = 5 ] && echo pp || echo tg)" \
      '{ x[NR] = $1 } END { if (NR) printf "\nMedian error of %s: %.1f %%, largest %.1f %% (%d rows).\n", name, NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2, x[NR], NR }'
done
