#!/bin/bash
# quantize and synth from the command line: a wrong size, a half-written file, an input overwritten, a file left behind
# by a full disk or a signal, an option accepted in silence.
set -u
source="$(cd "$(dirname "$0")/.." && pwd)"
model="$source/models/gauge-4m/gauge-4m-f16.gguf"
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0
fail() { echo "FAIL: $*"; failures=$((failures + 1)); }

# refuse WORDS -- command: exit status 2 and every word in the message, nothing on standard output
refuse() {
    local words=()
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    "$@" >stdout.txt 2>stderr.txt
    local status=$?
    [ $status = 2 ] || fail "exit $status instead of 2: $*"
    [ ! -s stdout.txt ] || fail "text on standard output: $*"
    for word in "${words[@]}"; do
        grep -qF -e "$word" stderr.txt || fail "no '$word' in the message of: $* ($(cat stderr.txt))"
    done
    rm -f stdout.txt stderr.txt
}
only() { [ "$(ls -A | sort | tr '\n' ' ')" = "$*" ] || fail "files left: $(ls -A), expected: $*"; }

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
refuse "--imatrix" "not supported" -- "$GAUGEBLOCK" quantize --imatrix x "$model" out.gguf Q8_0
refuse "Q2_K" "Q4_K_M" -- "$GAUGEBLOCK" quantize "$model" out.gguf Q2_K
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
