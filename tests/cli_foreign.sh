#!/bin/bash
# Formats of other projects as a user meets them: a type that quantize, synth, codec, info or the engine does not know, a
# file that does not say what is in it, a size that forgets the headers of rows.
set -u
source="$(cd "$(dirname "$0")/.." && pwd)"
model="$source/models/gauge-4m/gauge-4m-f16.gguf"
. "$(dirname "$0")/support/cli.sh"
says() { # says FILE REGEX
    grep -qE -- "$2" "$1" || fail "no '$2' in: $(head -c 600 "$1")"
}

# name and bytes of gauge-4m's matrices in it: the embedding has 4096 rows; q, k, v, output, gate, up and down of four layers
# have 256, 128, 128, 256, 768, 768 and 256; no row is longer than 16384
weights=4194304
rows=$((4096 + 4 * (256 + 128 + 128 + 256 + 768 + 768 + 256)))
formats=(
    "nf4 $((weights / 64 * 36))" "fp4 $((weights / 64 * 36))"
    "nf4_dq $((weights / 64 * 33 + rows * 8))" "fp4_dq $((weights / 64 * 33 + rows * 8))"
    "int8_row $((weights + rows * 4))"
    "gptq4 $((weights / 128 * 67))" "gptq8 $((weights / 128 * 131))" "awq4 $((weights / 128 * 67))"
    "mlc_q4f16_1 $((weights / 32 * 18))" "onnx_q4 $((weights / 32 * 21))"
    "mxfp6_e2m3 $((weights / 32 * 25))" "mxfp6_e3m2 $((weights / 32 * 25))"
    "mxfp8_e4m3 $((weights / 32 * 33))" "mxfp8_e5m2 $((weights / 32 * 33))"
    "fp8_e4m3 $((weights + rows * 4))" "fp8_e5m2 $((weights + rows * 4))"
)
[ "$(grep -c '^    X(' "$source/kernels/foreign.h")" = ${#formats[@]} ] || fail "not every format is tested here"

# perplexity MODEL: sets ppl to the whole part. The text came from the model: about 50 of 4096, so that damage shows.
perplexity() {
    "$GAUGEBLOCK" perplexity --isa reference -m "$1" -f "$source/models/gauge-4m/gauge-4m-sample.txt" -c 64 --chunks 1 >ppl.txt 2>&1
    local status=$?
    ppl=$(sed -n 's/.*PPL = \([0-9]*\)\..*/\1/p' ppl.txt)
    [ $status = 0 ] && [ -n "$ppl" ] || fail "perplexity of $1: exit $status: $(tail -c 600 ppl.txt)"
}
perplexity "$model"
plain=${ppl:-0}
# under sanitizers one of each kind: nibbles in two levels, a scale a row, groups, small floats
[ -n "${GB_SANITIZED:-}" ] && [ -z "${GB_TEST_ALL:-}" ] && formats=("${formats[2]}" "${formats[4]}" "${formats[5]}" "${formats[10]}")

for entry in "${formats[@]}"; do
    read -r name bytes <<<"$entry"
    upper=${name^^}
    "$GAUGEBLOCK" quantize --pure "$model" q.gguf "$upper" >out || fail "quantize $upper"
    "$GAUGEBLOCK" info q.gguf >info || fail "info $name"
    says info "^file type: $upper,"
    says info "gaugeblock.formats +1 x string: \[\"$name\"\]"
    says info "^  $upper +29 tensors +$weights parameters +$bytes bytes .*own type number"
    perplexity q.gguf
    [ "${ppl:-0}" -gt $((plain * 7 / 10)) ] && [ "${ppl:-0}" -lt $((plain * 14 / 10)) ] ||
        fail "$name: perplexity '$ppl', F16 has $plain"
    "$GAUGEBLOCK" synth --shape tiny --pure --type "$name" --blocks random s.gguf >out || fail "synth $name"
    perplexity s.gguf # random blocks: whatever it is, but a number
    # a row of 128 ones (or nearly) comes back as ones
    for ((i = 0; i < 128; i++)); do printf '\x00\x00\x80\x3f'; done >ones.f32
    "$GAUGEBLOCK" codec encode --format "$upper" --row 128 <ones.f32 >row.bin || fail "codec encode $name"
    "$GAUGEBLOCK" codec decode --format "$name" --row 128 <row.bin >back.f32 || fail "codec decode $name"
    od -An -tf4 -v back.f32 | tr -s ' ' '\n' | sed '/^$/d' |
        awk '{ if ($1 < 0.99 || $1 > 1.01) bad++ } END { exit bad > 0 || NR != 128 }' || fail "codec $name: ones become $(od -An -tf4 -N 16 back.f32)"
    "$GAUGEBLOCK" codec dot --format "$name" --row 128 --weights row.bin --act ones.f32 >y.f32 || fail "codec dot $name"
    od -An -tf4 y.f32 | awk '{ exit !($1 > 126 && $1 < 130) }' || fail "codec dot $name: $(od -An -tf4 y.f32)"
done

# without --pure the embedding stays in 16 bits; a copy of such a file still says what is in it, and one without does not
"$GAUGEBLOCK" quantize "$model" q.gguf gptq4 >out || fail "quantize gptq4"
"$GAUGEBLOCK" info --tensors q.gguf >info
says info "token_embd.weight +F16"
says info "blk.0.ffn_down.weight +GPTQ4"
"$GAUGEBLOCK" quantize --allow-requantize --pure q.gguf r.gguf nf4 >out || fail "requantize"
"$GAUGEBLOCK" info r.gguf >info
says info 'gaugeblock.formats +1 x string: \["nf4"\]'
"$GAUGEBLOCK" quantize --allow-requantize --pure q.gguf r.gguf F16 >out || fail "back to F16"
"$GAUGEBLOCK" info r.gguf >info
grep -q "gaugeblock.formats" info && fail "F16 has a list of private formats"

# threads and instruction sets give the same bytes
"$GAUGEBLOCK" quantize --threads 1 --pure "$model" a.gguf nf4_dq >out
"$GAUGEBLOCK" quantize --threads 3 --isa reference --pure "$model" b.gguf nf4_dq >out
cmp -s a.gguf b.gguf || fail "nf4_dq depends on threads"

# the table
"$GAUGEBLOCK" list formats >list
says list "^nf4_dq +0x67620003 +64 +33 +8/16384 +4.129 +f32 +weights$"
says list "^int8_row +0x67620005 +32 +32 +4/row +8 +int8_row +weights, activations$"

[ $failures = 0 ] || exit 1
echo "cli_foreign: ok"
