#!/usr/bin/env bash
# The tour: verify, benchmark, quantize the default model four ways, measure each end to end, and write one report.
#   scripts/demo.sh PROGRAM            results go to results/<date>-<time>/
set -euo pipefail
cd "$(dirname "$0")/.."
gb=$1
model=models/gauge-4m/gauge-4m-f16.gguf
text=models/gauge-4m/gauge-4m-sample.txt
threads=$(nproc); [ "$threads" -le 8 ] || threads=8
out=results/$(date +%Y%m%d-%H%M%S)
mkdir -p "$out/models"
say() { printf '\n== %s\n' "$*"; }

say "verify: every kernel this CPU can run, bit for bit against the reference"
"$gb" verify --json >"$out/verify.json" || { "$gb" verify | grep FAIL; exit 1; }
count() { sed -nE "s/^[[:space:]]*\"$1\":[[:space:]]*([0-9]+).*/\1/p" "$out/verify.json" | head -n 1; }
echo "$(count rows) rows: $(count ok) ok, $(count fail) failed, $(count skip) skipped (seed $(count seed))"

say "bench: kernels, verified again and timed"
"$gb" bench --quick --json >"$out/bench.jsonl"
"$gb" list machine | head -n 12

say "quantize the default model"
files=$model
for type in Q8_0 Q6_K Q4_K_M Q4_0; do
  "$gb" quantize "$model" "$out/models/gauge-4m-$type.gguf" "$type" | tail -n 1
  files=$files,$out/models/gauge-4m-$type.gguf
done

say "a few words from it"
"$gb" generate -m "$out/models/gauge-4m-Q4_K_M.gguf" -p "The old man" -n 40 --temp 0.8 --seed 7

say "end to end: load, prompt, generation, memory"
"$gb" e2e -m "$files" -p 128 -n 64 -t "$threads" -r 5 --json >"$out/e2e.json"

say "perplexity of each on the text that comes with the model"
IFS=, read -ra list <<<"$files"
for file in "${list[@]}"; do
  "$gb" perplexity -m "$file" -f "$text" -c 256 -t "$threads" --json >"$out/perplexity-$(basename "$file" .gguf).json"
done

say "report"
"$gb" report "$out"
rm -rf "$out/models"
