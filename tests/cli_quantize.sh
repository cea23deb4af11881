#!/bin/bash
# quantize, imatrix and synth from the command line: a wrong size, a half-written file, an input overwritten, a file left
# behind by a full disk or a signal, an option accepted in silence, a choice that is not heeded.
set -u
source="$(cd "$(dirname "$0")/.." && pwd)"
model="$source/models/gauge-4m/gauge-4m-f16.gguf"
. "$(dirname "$0")/support/cli.sh"

# sizes of llama-quantize, names in any case, threads as an option or as the last word
"$GAUGEBLOCK" quantize "$model" q8.gguf q8_0 >/dev/null || fail "q8_0"
"$GAUGEBLOCK" quantize --threads 1 "$model" q4.gguf Q4_K_M >/dev/null || fail "Q4_K_M"
"$GAUGEBLOCK" quantize "$model" q4b.gguf q4_k 3 | grep -q "5.26" || fail "summary of q4_k has no bits per weight"
[ "$(stat -c %s q8.gguf)" = 4596448 ] || fail "size of Q8_0: $(stat -c %s q8.gguf)"
[ "$(stat -c %s q4.gguf)" = 2887904 ] || fail "size of Q4_K_M: $(stat -c %s q4.gguf)"
cmp -s q4.gguf q4b.gguf || fail "other bytes with other threads"
"$GAUGEBLOCK" quantize --isa reference "$model" q8r.gguf Q8_0 >/dev/null || fail "--isa reference"
cmp -s q8.gguf q8r.gguf || fail "other bytes with --isa reference"
"$GAUGEBLOCK" info --json q4.gguf | grep -q '"file_type":.*"Q4_K_M"' || fail "info does not say Q4_K_M"
rm -f ./*.gguf

# a dry run prints the plan and writes nothing
"$GAUGEBLOCK" quantize --dry-run "$model" out.gguf Q4_0 | grep -q "blk.3.ffn_down.weight .*F16 *-> Q4_0" || fail "plan"
"$GAUGEBLOCK" quantize --dry-run "$model" Q8_0 | grep -q "4.26 MiB" || fail "dry run without an output"
only

# types by name, of the output, of the embedding; the first match wins
"$GAUGEBLOCK" quantize --dry-run --tensor-type 'ATTN_[kv]=q8_0' --tensor-type 'attn=f16' --token-embedding-type q4_k \
    "$model" Q4_0 >plan.txt || fail "types by name"
has_type() { grep -q "^$1 .*-> $2 " plan.txt || fail "$1 is not $2: $(grep "^$1 " plan.txt)"; }
has_type blk.1.attn_k.weight Q8_0
has_type blk.1.attn_q.weight F16
has_type blk.1.ffn_up.weight Q4_0
has_type token_embd.weight Q4_K
has_type blk.1.attn_norm.weight F32
"$GAUGEBLOCK" quantize --dry-run --output-tensor-type q8_0 "$model" Q4_0 >plan.txt || fail "--output-tensor-type"
has_type token_embd.weight Q8_0 # tied
"$GAUGEBLOCK" quantize --dry-run --pure "$model" Q4_0 >plan.txt || fail "--pure"
has_type token_embd.weight Q4_0
printf 'vocab 512\ndim 256\nlayers 1\nhead_dim 64\nffn 256\ntied 0\n' >shape.txt
"$GAUGEBLOCK" synth --shape shape.txt --type F32 untied.gguf >/dev/null || fail "synth"
"$GAUGEBLOCK" quantize --dry-run --leave-output-tensor untied.gguf Q4_0 >plan.txt || fail "--leave-output-tensor"
has_type output.weight F32
has_type token_embd.weight Q4_0
rm -f plan.txt shape.txt untied.gguf

# every recipe has a plan: what this version can write is written, the rest is refused by the type's name
for type in F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q2_K_S Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S Q5_K_M Q6_K IQ1_S IQ1_M \
    IQ2_XXS IQ2_XS IQ2_S IQ2_M IQ3_XXS IQ3_XS IQ3_S IQ3_M IQ4_NL IQ4_XS TQ1_0 TQ2_0 MXFP4 MXFP4_MOE NVFP4 Q1_0 Q2_0; do
    "$GAUGEBLOCK" quantize --dry-run "$model" "$type" >stdout.txt 2>stderr.txt || fail "no plan for $type"
    grep -q "^$type: 38 tensors" stdout.txt || fail "summary of $type: $(tail -n 1 stdout.txt)"
    if grep -q "would stop" stderr.txt; then
        "$GAUGEBLOCK" quantize "$model" out.gguf "$type" >/dev/null 2>stderr.txt && fail "$type was written"
        grep -qE "lacks|without an importance matrix" stderr.txt || fail "$type: $(cat stderr.txt)"
    fi
done
rm -f stdout.txt stderr.txt
only

# an importance matrix: made, equal for any threads and batch, used, named in the file; both formats
text="$source/models/gauge-4m/gauge-4m-sample.txt"
imatrix() { "$GAUGEBLOCK" imatrix -m "$model" -f "$text" --chunks 2 "$@"; }
imatrix -t 1 | grep -q "imatrix.gguf: 28 matrices, 2 chunks of 256 tokens" || fail "imatrix"
imatrix -t 3 -b 50 -o other.gguf >/dev/null || fail "imatrix -o"
cmp -s imatrix.gguf other.gguf || fail "imatrix depends on threads or batch"
imatrix --output-format dat >/dev/null || fail "imatrix dat"
imatrix --process-output -o other.gguf --json | grep -q '"entries":.*29' || fail "imatrix --process-output --json"
"$GAUGEBLOCK" info --tensors other.gguf | grep -q "token_embd.weight.in_sum2" || fail "the tied output has no entry"
for file in imatrix.gguf imatrix.dat; do
    "$GAUGEBLOCK" quantize --imatrix $file "$model" with.gguf Q4_0 | grep -q "28 of 29 matrices weighed" || fail "$file"
    "$GAUGEBLOCK" quantize --imatrix $file --threads 1 "$model" one.gguf Q4_0 >/dev/null
    cmp -s with.gguf one.gguf || fail "other bytes with other threads and $file"
    "$GAUGEBLOCK" info with.gguf | grep -q "quantize.imatrix.file *\"$file\"" || fail "the file does not name $file"
    "$GAUGEBLOCK" info with.gguf | grep -q "quantize.imatrix.entries_count *28" || fail "entries_count with $file"
done
"$GAUGEBLOCK" quantize "$model" without.gguf Q4_0 >/dev/null
cmp -s with.gguf without.gguf && fail "the importance matrix changes nothing"
head -c 1000 imatrix.dat >cut.dat
refuse cut.dat "ends inside" -- "$GAUGEBLOCK" quantize --imatrix cut.dat "$model" out.gguf Q4_0
refuse "$model" "imatrix.chunk_count" -- "$GAUGEBLOCK" quantize --imatrix "$model" "$model" out.gguf Q4_0
refuse nothing.dat -- "$GAUGEBLOCK" quantize --imatrix nothing.dat "$model" out.gguf Q4_0
"$GAUGEBLOCK" synth --shape tiny --type F16 tiny.gguf >/dev/null
refuse "blk.0.ffn_down.weight" "768 values" "expected 512" -- "$GAUGEBLOCK" quantize --imatrix imatrix.gguf tiny.gguf out.gguf Q4_0
refuse "--output-format" gguf -- "$GAUGEBLOCK" imatrix -m "$model" -f "$text" --output-format csv
refuse "no text" -- "$GAUGEBLOCK" imatrix -m "$model"
rm -f ./*.gguf ./*.dat
only

# --compat takes one word, and changes nothing of a model without zeros in rows of 32
"$GAUGEBLOCK" quantize "$model" ours.gguf IQ3_S >/dev/null || fail "IQ3_S"
"$GAUGEBLOCK" quantize --compat ggml "$model" theirs.gguf IQ3_S >/dev/null || fail "--compat ggml"
cmp -s ours.gguf theirs.gguf || fail "--compat ggml changes a model without zeros"
refuse "--compat" ggml -- "$GAUGEBLOCK" quantize --compat llama "$model" out.gguf IQ3_S
rm -f ./*.gguf

# errors of the tensors: the same text for any threads; a copy has none; JSON is JSON
"$GAUGEBLOCK" quantize --stats --threads 1 "$model" q.gguf Q4_K_M >one.txt || fail "--stats"
"$GAUGEBLOCK" quantize --stats --threads 4 "$model" q.gguf Q4_K_M >four.txt
cmp -s one.txt four.txt || fail "errors depend on the threads"
grep -q "^blk.3.ffn_down.weight *Q6_K .* 0\.99" one.txt || fail "no error of ffn_down: $(grep ffn_down one.txt)"
grep -q "attn_norm" one.txt && fail "an error of a copied tensor"
grep -q "^all that changed " one.txt || fail "no total"
if command -v python3 >/dev/null; then
    "$GAUGEBLOCK" quantize --stats --json "$model" q.gguf F32 >q.json || fail "--json"
    python3 - <<'PYTHON' || fail "JSON of quantize"
import json
q = json.load(open("q.json"))
assert q["recipe"] == "F32" and q["file_type"] == 0 and q["output"] == "q.gguf" and q["impossible"] is None
assert len(q["tensors"]) == 38 and abs(q["bits_per_weight"] - 32) < 1e-9
assert q["stats"]["rmse"] == 0 and q["stats"]["snr_db"] is None and q["stats"]["cosine"] == 1
t = [t for t in q["tensors"] if t["name"] == "blk.0.attn_k.weight"][0]
assert t["shape"] == [256, 128] and t["from"] == "F16" and t["to"] == "F32" and t["bytes"] == 256 * 128 * 4
assert not t["copied"] and not t["importance"] and t["stats"]["max_abs"] == 0
assert "stats" not in [t for t in q["tensors"] if t["copied"]][0] and "run" in q
PYTHON
fi
rm -f ./*.gguf ./*.txt ./*.json
only

# the input is never the output, by whatever name
cp "$model" in.gguf
sum="$(cksum <in.gguf)"
ln in.gguf hard.gguf
ln -s in.gguf soft.gguf
for name in in.gguf ./in.gguf hard.gguf soft.gguf; do
    refuse "same file" -- "$GAUGEBLOCK" quantize in.gguf "$name" Q8_0
done
[ "$(cksum <in.gguf)" = "$sum" ] || fail "the input changed"
rm -f ./*.gguf

# words that cannot be meant
refuse "Q9_K" "Q4_K_M" "IQ2_M" -- "$GAUGEBLOCK" quantize "$model" out.gguf Q9_K
refuse "attn_v" "REGEX=TYPE" -- "$GAUGEBLOCK" quantize --tensor-type attn_v "$model" out.gguf Q8_0
refuse "'q9'" -- "$GAUGEBLOCK" quantize --tensor-type attn_v=q9 "$model" out.gguf Q8_0
refuse "character" -- "$GAUGEBLOCK" quantize --tensor-type '(=q8_0' "$model" out.gguf Q8_0
refuse "--output-tensor-type" "q9" -- "$GAUGEBLOCK" quantize --output-tensor-type q9 "$model" out.gguf Q8_0
refuse "--token-embedding-type" "q9" -- "$GAUGEBLOCK" quantize --token-embedding-type q9 "$model" out.gguf Q8_0
refuse "--stats" "--dry-run" -- "$GAUGEBLOCK" quantize --stats --dry-run "$model" out.gguf Q8_0
refuse "--threads" -- "$GAUGEBLOCK" quantize --threads 0 "$model" out.gguf Q8_0
refuse "THREADS" -- "$GAUGEBLOCK" quantize "$model" out.gguf Q8_0 2x
refuse "--frob" -- "$GAUGEBLOCK" quantize --frob "$model" out.gguf Q8_0
refuse "expected IN.gguf" -- "$GAUGEBLOCK" quantize "$model" Q8_0
refuse "sse9" -- "$GAUGEBLOCK" quantize --isa sse9 "$model" out.gguf Q8_0
refuse "no/such/dir" -- "$GAUGEBLOCK" quantize "$model" no/such/dir/out.gguf Q8_0
refuse "--shape" -- "$GAUGEBLOCK" synth out.gguf
refuse "gpt-9" "tiny" -- "$GAUGEBLOCK" synth --shape gpt-9 out.gguf
refuse "--blocks" -- "$GAUGEBLOCK" synth --shape tiny --blocks none out.gguf
refuse "--seed" -- "$GAUGEBLOCK" synth --shape tiny --seed x out.gguf
only

# a full disk (here: a limit on the file size) leaves nothing, and an older file stays
echo old >old.gguf
for out in new.gguf old.gguf; do
    (failures=0; ulimit -f 1024; refuse "$out" -- "$GAUGEBLOCK" quantize "$model" "$out" Q8_0; exit $failures) || fail "full disk"
done
[ "$(cat old.gguf)" = old ] || fail "the older file is gone"
rm old.gguf
only

# a signal in the middle leaves nothing
for signal in TERM INT; do
    # job control, so that SIGINT is not ignored in the background
    set -m
    "$GAUGEBLOCK" synth --shape llama-3.2-1b --threads 1 big.gguf >/dev/null 2>&1 &
    pid=$!
    set +m
    for _ in $(seq 200); do
        ls big.gguf.tmp.* >/dev/null 2>&1 && break
        sleep 0.05
    done
    ls big.gguf.tmp.* >/dev/null 2>&1 || fail "no temporary seen before SIG$signal"
    kill -s $signal $pid
    wait $pid
    [ $? -gt 128 ] || fail "SIG$signal did not end it"
    only
done

# synth: the same bytes for any threads, others for another seed; the result can be inspected and quantized again
"$GAUGEBLOCK" synth --shape tiny --type F16 --threads 1 a.gguf >/dev/null || fail "synth"
"$GAUGEBLOCK" synth --shape tiny --type F16 --threads 4 b.gguf >/dev/null || fail "synth"
"$GAUGEBLOCK" synth --shape tiny --type F16 --seed 2 c.gguf >/dev/null || fail "synth"
cmp -s a.gguf b.gguf || fail "synth depends on the threads"
cmp -s a.gguf c.gguf && fail "synth ignores the seed"
"$GAUGEBLOCK" quantize a.gguf q.gguf Q6_K >/dev/null || fail "quantize what synth made"
"$GAUGEBLOCK" info --tensors q.gguf | grep -q "blk.1.ffn_down.weight *Q6_K" || fail "info --tensors"

[ $failures = 0 ] || exit 1
echo "cli_quantize: ok"
