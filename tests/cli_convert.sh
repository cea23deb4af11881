#!/bin/bash
# convert from the command line: options accepted in silence, a plan that writes, an input overwritten, a file left behind
# by a full disk, output that machines cannot read.
set -u
. "$(dirname "$0")/support/cli.sh"

# little-endian numbers of 32 bits
numbers() { for n in "$@"; do printf "\\x$(printf %02x $((n & 255)))\\x$(printf %02x $((n >> 8 & 255)))\\x$(printf %02x $((n >> 16 & 255)))\\x00"; done; }
# a llama2.c model of zeros: width 32, feed-forward 32, one layer, 4 heads, 2 of keys, 4 tokens, context 8
{
    numbers 32 32 1 4 2 4 8
    head -c $((4 * (4 * 32 + 32 + 32 * 32 * 3 + 32 + 3 * 32 * 32 + 32 + 8 * 8))) /dev/zero
} >model.bin
{
    numbers 6
    for token in u s e " a"; do numbers 0 ${#token}; printf '%s' "$token"; done
} >tokenizer.bin

"$GAUGEBLOCK" convert model.bin -o out.gguf >summary.txt || fail "convert"
grep -q "model (llama2.c, llama): 12 tensors, .* of F32; vocabulary of 4 (llama, default)" summary.txt || fail "summary: $(cat summary.txt)"
"$GAUGEBLOCK" info out.gguf | grep -q 'general.name *"model"' || fail "name"
"$GAUGEBLOCK" generate -m out.gguf -n 2 --temp 0 >/dev/null 2>&1 || fail "generate with what convert made"
"$GAUGEBLOCK" convert --name "Zeros & Co" --threads 3 --output b.gguf ./model.bin >/dev/null || fail "long options"
"$GAUGEBLOCK" info b.gguf | grep -q 'general.name *"Zeros & Co"' || fail "--name"
"$GAUGEBLOCK" convert model.bin --outtype BF16 -o c.gguf | grep -q "of BF16" || fail "--outtype"
mv tokenizer.bin elsewhere
refuse "tok4.bin" "--tokenizer" -- "$GAUGEBLOCK" convert model.bin -o d.gguf
"$GAUGEBLOCK" convert model.bin --tokenizer elsewhere -o d.gguf >/dev/null || fail "--tokenizer"
cmp -s out.gguf d.gguf || fail "--tokenizer gave another file"
mv elsewhere tokenizer.bin
rm -f ./*.gguf summary.txt

# a dry run checks everything, prints the plan and writes nothing, with and without -o
"$GAUGEBLOCK" convert model.bin --dry-run --outtype f16 >plan.txt || fail "--dry-run"
grep -q "^blk.0.attn_k.weight  *32 x 16  *F32  *-> F16  *1024 bytes$" plan.txt || fail "plan: $(cat plan.txt)"
"$GAUGEBLOCK" convert model.bin --dry-run -o out.gguf >/dev/null || fail "--dry-run -o"
rm plan.txt
only "model.bin tokenizer.bin "

# for machines: one value on standard output
"$GAUGEBLOCK" convert --json model.bin -o out.gguf >out.json || fail "--json"
for word in '"kind":.*"llama2.c"' '"output":.*"out.gguf"' '"parameters":.*[0-9]' '"notes":.*\[' '"name":.*"token_embd.weight"'; do
    grep -q "$word" out.json || fail "no $word in the JSON text"
done
"$GAUGEBLOCK" convert --json --dry-run model.bin | grep -q '"output":.*null' || fail "--json --dry-run"
rm out.json out.gguf

# the input is never the output, by whatever name
sum="$(cksum <model.bin)"
ln -s model.bin soft.bin
for name in model.bin ./model.bin soft.bin; do refuse "same file" -- "$GAUGEBLOCK" convert model.bin -o "$name"; done
[ "$(cksum <model.bin)" = "$sum" ] || fail "the input changed"
rm soft.bin

# words that cannot be meant
refuse "-o OUT.gguf is missing" -- "$GAUGEBLOCK" convert model.bin
refuse "one SOURCE, found 0" -- "$GAUGEBLOCK" convert -o out.gguf
refuse "one SOURCE, found 2" -- "$GAUGEBLOCK" convert -o out.gguf model.bin other
refuse "--outtype 'q8_0'" "bf16" -- "$GAUGEBLOCK" convert --outtype q8_0 -o out.gguf model.bin
refuse "--frob" -- "$GAUGEBLOCK" convert --frob -o out.gguf model.bin
refuse "--threads" -- "$GAUGEBLOCK" convert --threads 0 -o out.gguf model.bin
refuse "nowhere" -- "$GAUGEBLOCK" convert nowhere -o out.gguf
refuse "config.json" -- "$GAUGEBLOCK" convert . -o out.gguf
refuse "no/such/dir" -- "$GAUGEBLOCK" convert model.bin -o no/such/dir/out.gguf
refuse "GAUGEBLOCK_ISA" -- env GAUGEBLOCK_ISA=sse9 "$GAUGEBLOCK" convert model.bin -o out.gguf
"$GAUGEBLOCK" help convert | grep -q "^usage: gaugeblock convert SOURCE" || fail "help convert"
only "model.bin tokenizer.bin "

# Hugging Face, zeros again: a directory of two weight files, a single file, and a quantized checkpoint
safetensors() { # safetensors NAME:SHAPE:DTYPE:BYTES ...
    local header="" at=0 name shape dtype bytes
    for tensor in "$@"; do
        IFS=: read -r name shape dtype bytes <<<"$tensor"
        header+="${header:+,}\"$name\":{\"dtype\":\"$dtype\",\"shape\":[$shape],\"data_offsets\":[$at,$((at + bytes))]}"
        at=$((at + bytes))
    done
    numbers $((${#header} + 2)) 0
    printf '{%s}' "$header"
    head -c $at /dev/zero
}
layer=model.layers.0
ends=(model.embed_tokens.weight:4,128:F16:1024 model.norm.weight:128:F16:256
    $layer.input_layernorm.weight:128:F16:256 $layer.post_attention_layernorm.weight:128:F16:256)
matrices=(self_attn.q_proj self_attn.k_proj self_attn.v_proj self_attn.o_proj mlp.gate_proj mlp.up_proj mlp.down_proj)
plain=()
packed=() # GPTQ: 128 x 128 in groups of 128
for m in "${matrices[@]}"; do
    plain+=("$layer.$m.weight:128,128:F16:32768")
    packed+=("$layer.$m.qweight:16,128:I32:8192" "$layer.$m.qzeros:1,16:I32:64" "$layer.$m.scales:1,128:F16:256")
done
mkdir hf packed
config='"architectures": ["MistralForCausalLM"], "vocab_size": 4, "max_position_embeddings": 8, "hidden_size": 128,
    "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 4, "intermediate_size": 128, "tie_word_embeddings": true'
echo "{$config}" >hf/config.json
echo "{$config, \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128}}" >packed/config.json
safetensors "${ends[@]}" >hf/model-1.safetensors
safetensors "${plain[@]}" >hf/model-2.safetensors
safetensors "${ends[@]}" "${packed[@]}" >packed/model.safetensors
"$GAUGEBLOCK" convert --tokenizer tokenizer.bin hf -o a.gguf >summary.txt || fail "convert hf"
grep -q "hf (safetensors, llama): 11 tensors, .* of F16; vocabulary of 4" summary.txt || fail "summary: $(cat summary.txt)"
safetensors "${plain[@]}" "${ends[@]}" >hf/model.safetensors # where this is, the others do not count
"$GAUGEBLOCK" convert --tokenizer tokenizer.bin --name hf hf/model.safetensors -o b.gguf >/dev/null || fail "convert a file"
cmp -s a.gguf b.gguf || fail "one file and two give different models"
"$GAUGEBLOCK" convert --tokenizer tokenizer.bin packed -o q.gguf >summary.txt || fail "convert packed"
grep -q "of GPTQ4" summary.txt || fail "summary: $(cat summary.txt)"
"$GAUGEBLOCK" info q.gguf | grep -q '^  GPTQ4 *7 tensors' || fail "info: $("$GAUGEBLOCK" info q.gguf)"
"$GAUGEBLOCK" generate -m q.gguf -n 2 --temp 0 >/dev/null 2>&1 || fail "generate with GPTQ4"
"$GAUGEBLOCK" convert --tokenizer tokenizer.bin packed --outtype bf16 -o q.gguf | grep -q "of BF16" || fail "decoded"
rm -r hf packed a.gguf b.gguf q.gguf summary.txt

# a full disk (here: a limit on the file size) leaves nothing, and an older file stays
echo old >old.gguf
for out in new.gguf old.gguf; do
    (failures=0; ulimit -f 8; refuse "$out" -- "$GAUGEBLOCK" convert model.bin -o "$out"; exit $failures) || fail "full disk"
done
[ "$(cat old.gguf)" = old ] || fail "the older file is gone"
rm old.gguf
only "model.bin tokenizer.bin "

[ $failures = 0 ] || exit 1
echo "cli_convert: ok"
