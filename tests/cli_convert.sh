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
