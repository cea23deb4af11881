#!/usr/bin/env bash
# Perplexity of the default model in every weight format, as a Markdown table (docs/formats/perplexity.md).
# Every matrix of the layers in the format, token_embd (which is the output too) in F16, so that the rows compare formats and
# nothing else; an importance matrix of the model's own text for the formats that cannot do without.
#   scripts/perplexity-table.sh [PROGRAM [CHUNKS]] > docs/formats/perplexity.md
set -euo pipefail
cd "$(dirname "$0")/.."
gb=${1:-build/release/gaugeblock}
chunks=${2:-16}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=models/gauge-4m/gauge-4m-f16.gguf
text=models/gauge-4m/gauge-4m-sample.txt
"$gb" imatrix -m "$model" -f "$text" -c 256 --chunks 32 -o "$work/imatrix.gguf" >/dev/null 2>&1
cat <<END
# Perplexity of gauge-4m in every format

Made by \`scripts/perplexity-table.sh\`. The default model on its own text, $chunks chunks of 256 tokens; every matrix of the layers in
the format, \`token_embd\` (also the output) in F16. It is a small model: what matters is the order of the rows, not their size. The
standard error is common to all rows (same text), so differences are finer than it. *matrix*: quantized with an importance matrix
of the same text, because the format needs one. The layouts of GPTQ and AWQ are filled by plain rounding here, not by the methods that gave
them their names; \`tq1_0\`, \`tq2_0\`, \`q1_0\` and \`q2_0\` are for models trained for them. The hash is that of all scored logits: the same on
every machine.

| format | bits per weight | perplexity | of F16 | logits hash | |
|---|---|---|---|---|---|
END
base=
names=$("$gb" list formats --json | tr -d '\n' | grep -oE '\{[^}]*\}' | grep weights | sed -nE 's/.*"name":[[:space:]]*"([^"]*)".*/\1/p')
for name in f16 $(grep -vx f16 <<<"$names"); do
  file=$model note=
  if [ "$name" != f16 ]; then
    file=$work/q.gguf
    options=(--tensor-type "^blk\\.=$name") # not by recipe: that of IQ2_S is mostly IQ2_XS
    if ! "$gb" quantize "${options[@]}" "$model" "$file" F16 >/dev/null 2>&1; then
      note=matrix
      "$gb" quantize "${options[@]}" --imatrix "$work/imatrix.gguf" "$model" "$file" F16 >/dev/null 2>"$work/err" ||
        { echo "perplexity-table.sh: $name: $(cat "$work/err")" >&2; continue; }
    fi
  fi
  "$gb" perplexity -m "$file" -f "$text" -c 256 --chunks "$chunks" --json >"$work/json"
  field() { sed -nE "s/.*\"$1\":[[:space:]]*\"?([0-9a-fe.+-]*).*/\1/p" "$work/json" | head -n 1; }
  bits=$("$gb" list formats --json | tr -d '\n' | grep -oE '\{[^}]*\}' |
    sed -nE "s/.*\"name\":[[:space:]]*\"$name\".*\"bits_per_weight\":[[:space:]]*([0-9.]+).*/\1/p")
  ppl=$(field ppl)
  [ -n "$base" ] || base=$ppl
  page=$name # relatives share a page: fp8_e4m3 is in fp8.md
  while [ ! -e "docs/formats/$page.md" ] && [ -n "$page" ]; do page=${page%?}; done
  awk -v n="$name" -v page="${page%_}" -v b="$bits" -v p="$ppl" -v e="$(field ppl_stderr)" -v f="$base" -v h="$(field logits_hash)" -v note="$note" \
    'BEGIN { printf "| [%s](%s.md) | %.4g | %.3f ± %.2f | %.4f | `%s` | %s |\n", n, page, b, p, e, p / f, substr(h, 1, 12), note }'
done
