#!/bin/bash
# The verbs that run models, as a user meets them: output, equal results however they are run, and refusals.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
model=$here/models/gauge-4m/gauge-4m-f16.gguf
. "$(dirname "$0")/support/output.sh"
head -c 1500 "$here/models/gauge-4m/gauge-4m-sample.txt" >"$work/text"

key() { # name, file: the value of a JSON key that stands on a line of its own
    sed -n "s/^[[:space:]]*\"$1\":[[:space:]]*\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$2" | head -n 1
}

# generate: the stored continuation, the same from a file and for any team, text on standard output only
text='The old man who had been in the house, and the old prince had been in a'
check 'greedy text' "$text" "$("$GAUGEBLOCK" generate -m "$model" -p 'The old man' -n 15 2>/dev/null)"
printf 'The old man' >"$work/prompt"
check 'prompt from a file' "$text" "$("$GAUGEBLOCK" generate -m "$model" -f "$work/prompt" -n 15 -t 3 -b 1 2>/dev/null)"
check 'prompt from standard input' "$text" \
    "$("$GAUGEBLOCK" generate -m "$model" -f - -n 15 --isa reference 2>/dev/null <"$work/prompt")"
has 'timings on standard error' '15 generated' "$("$GAUGEBLOCK" generate -m "$model" -p 'The old man' -n 15 2>&1 >/dev/null)"
"$GAUGEBLOCK" generate -m "$model" -p 'The old man' -n 8 --temp 0.9 --seed 3 --json -t 1 >"$work/a.json"
"$GAUGEBLOCK" generate -m "$model" -p 'The old man' -n 8 --temp 0.9 --seed 3 --json -t 2 --isa scalar >"$work/b.json"
"$GAUGEBLOCK" generate -m "$model" -p 'The old man' -n 8 --temp 0.9 --seed 4 --json >"$work/c.json"
for name in text logits_hash; do
    check "sampling twice: $name" "$(sed -n "/\"$name\"/p" "$work/a.json")" "$(sed -n "/\"$name\"/p" "$work/b.json")"
done
[ "$(sed -n '/"ids"/p' "$work/a.json")" != "$(sed -n '/"ids"/p' "$work/c.json")" ] || check 'another seed' 'other ids' 'the same'
check 'generated tokens' 8 "$(key generated_tokens "$work/a.json")"
check 'stops at the end of the context' context \
    "$("$GAUGEBLOCK" generate -m "$model" -p 'The old man' -n 50 -c 8 --json | tee "$work/d.json" | sed -n 's/.*"stop":[^"]*"\([a-z]*\)".*/\1/p')"
check 'uses the whole context' 5 "$(key generated_tokens "$work/d.json")"

# perplexity: numbers for people as llama-perplexity prints them, one hash for all ways of running
out=$("$GAUGEBLOCK" perplexity -m "$model" -f "$work/text" -c 64 --chunks 2)
has 'running values' '[2]' "$out"
has 'final line' 'Final estimate: PPL = ' "$out"
"$GAUGEBLOCK" perplexity -m "$model" -f "$work/text" -c 64 --chunks 2 --json >"$work/p.json"
hash=$(key logits_hash "$work/p.json")
check 'length of the hash' 32 ${#hash}
has 'hash for people' "logits hash $hash" "$out"
check 'scored tokens' 62 "$(key scored "$work/p.json")"
for way in '-t 1' '-t 3 -b 7' '-b 1' '--isa reference' '--isa scalar -b 64'; do
    # shellcheck disable=SC2086
    "$GAUGEBLOCK" perplexity -m "$model" -f "$work/text" -c 64 --chunks 2 --json $way >"$work/q.json"
    check "hash with $way" "$hash" "$(key logits_hash "$work/q.json")"
    check "perplexity with $way" "$(key ppl "$work/p.json")" "$(key ppl "$work/q.json")"
done
"$GAUGEBLOCK" perplexity -m "$model" -f "$work/text" -c 64 --chunks 2 --json --kv f32 >"$work/q.json"
[ "$hash" != "$(key logits_hash "$work/q.json")" ] || check 'hash with an f32 cache' 'another' "$hash"
"$GAUGEBLOCK" perplexity -m "$model" -f "$work/text" -c 64 --chunks 2 --json --kv q8_0 -t 2 >"$work/p8.json"
"$GAUGEBLOCK" perplexity -m "$model" -f "$work/text" -c 64 --chunks 2 --json --kv q8_0 -t 1 -b 5 --isa scalar >"$work/q8.json"
check 'hash with a q8_0 cache' "$(key logits_hash "$work/p8.json")" "$(key logits_hash "$work/q8.json")"
[ "$hash" != "$(key logits_hash "$work/q8.json")" ] || check 'hash with a q8_0 cache' 'another' "$hash"
has 'generation with a q8_0 cache' 'The old man' "$("$GAUGEBLOCK" generate -m "$model" -p 'The old man' -n 4 --kv q8_0 2>/dev/null)"

# e2e: a record per test, model and thread count. Each run verifies its kernels and predicts, which is seconds, and many times that
# for two threads where other tests have the CPUs: few runs, each looked at for all that it shows, and one of them with a team.
"$GAUGEBLOCK" e2e -m "$model,$model" -p 16 -n 4 -t 1,2 -r 2 --json >"$work/e.json" 2>"$work/e.err"
check 'e2e status' 0 $?
check 'e2e is quiet' '' "$(cat "$work/e.err")"
check 'records' 8 "$(grep -c '"tps_median"' "$work/e.json")"
check 'prompt tests' 4 "$(grep -c '"pp16"' "$work/e.json")"
check 'generation tests' 4 "$(grep -c '"tg4"' "$work/e.json")"
for name in tps_ci95 samples load_ms first_decode_ms ttft_ms model_bytes bits_per_weight peak_rss_bytes kv_bytes run provenance machine; do
    check "key $name" 8 "$(grep -c "\"$name\":" "$work/e.json")"
done
check 'conditions of tests and of predictions' 16 "$(grep -c '"conditions":' "$work/e.json")"
check 'predicted' 8 "$(grep -c '"predicted":' "$work/e.json")"
check 'parts of it' 8 "$(grep -c '"parts_ms":' "$work/e.json")"
check 'cache bytes' 32768 "$(key kv_bytes "$work/e.json")" # 2 (keys, values) * 4 layers * 2 heads * 64 * 16 positions * 2 bytes
# as many threads as CPUs are named, each on its own
cpu=$(taskset -pc $$ 2>/dev/null | sed 's/.*: *\([0-9]*\).*/\1/')
"$GAUGEBLOCK" e2e -m "$model" -p 16 -n 0 -r 1 --json --kv q8_0 --no-predict ${cpu:+--cpu-list "$cpu"} >"$work/e8.json" 2>/dev/null
check 'no prediction where none is asked for' 0 "$(grep -c '"predicted":' "$work/e8.json")"
check 'type of a q8_0 cache' q8_0 "$(key kv "$work/e8.json")"
check 'bytes of a q8_0 cache' 17408 "$(key kv_bytes "$work/e8.json")" # 34 bytes for 32 elements, not 64
if [ -n "$cpu" ]; then
    one=$(tr -d ' \t\n' <"$work/e8.json")
    has '--cpu-list pins' "\"affinity\":[$cpu]" "$one"
    has '--cpu-list counts threads' '"threads":1,' "$one"
    has 'e2e says where the weights lie' '"memory":"' "$one"
    one=$("$GAUGEBLOCK" perplexity -m "$model" -f "$work/text" -c 64 --chunks 1 --json --cpu-list "$cpu" | tr -d ' \t\n')
    has 'perplexity: --cpu-list pins' "\"affinity\":[$cpu]" "$one"
    has 'perplexity: --cpu-list counts threads' '"threads":1,' "$one"
    has 'perplexity says where the weights lie' '"memory":"' "$one"
    one=$("$GAUGEBLOCK" generate -m "$model" -p a -n 1 --cpu-list "$cpu" --numa interleave 2>&1)
    has 'generate says where the weights lie' 'memory of the weights: ' "$one"
fi
out=$("$GAUGEBLOCK" e2e -m "$model" -n 2 -r 1 -t 1 --counters core,energy 2>"$work/e.err")
has 'table' 'tg2' "$out"
has 'a prediction beside it' 'predicted     error' "$out"
has 'how far off' ' %' "$(printf '%s\n' "$out" | grep tg2)"
has 'default lengths fit the model' '--prompt 256' "$(cat "$work/e.err")"
has 'e2e --counters' ', pp, per token:' "$out"
has 'e2e --counters says what is absent' 'energy_package' "$out"
# predictions alone: of a file, or of nothing but a shape and a type
out=$("$GAUGEBLOCK" e2e --predict -m "$model,$model" -p 8 -n 2 -t 1 2>&1)
has 'only predicted' 'the models were not run' "$out"
check 'a row for each test and model' 4 "$(printf '%s\n' "$out" | grep -c '^gauge-4m-f16.gguf ')"
out=$("$GAUGEBLOCK" e2e --predict --shape gauge-4m --type q8_0,Q4_K_M -p 8 -n 2 -t 1 --json 2>&1)
check 'records of predictions' 4 "$(printf '%s\n' "$out" | grep -c '^{"schema":1,"kind":"prediction","name":"gauge-4m ')"
check 'conditions of predictions' 4 "$(printf '%s\n' "$out" | grep -c '"conditions":{"verdict":"')"
check 'speeds of predictions' 4 "$(printf '%s\n' "$out" | grep -c '"predicted_tokens_per_second":{"unit":"t/s","value":[0-9]')"
case $out in *pp0*) check 'a test of no tokens' 'none' 'pp0' ;; esac

# refusals
refuse 'no model' generate -p hello
refuse "$work/absent" generate -m "$work/absent" -p hello
refuse 'GGUF' generate -m "$work/text" -p hello
refuse "unexpected argument 'hello'" generate -m "$model" hello
refuse 'both' generate -m "$model" -p a -f "$work/prompt"
refuse '--temp' generate -m "$model" -p a --temp warm
refuse 'expected f16, f32 or q8_0' generate -m "$model" -p a --kv q4_0
refuse 'expected f16, f32 or q8_0' generate -m "$model" -p a --kv f17
refuse 'quantum' generate -m "$model" -p a --isa quantum
refuse 'was trained for' generate -m "$model" -p a -c 257
refuse 'positions' generate -m "$model" -f "$work/text"
refuse 'no text' perplexity -m "$model"
refuse "$work/absent" perplexity -m "$model" -f "$work/absent"
refuse 'at least 512' perplexity -m "$model" -f "$work/prompt"
refuse 'was trained for' perplexity -m "$model" -f "$work/text" -c 512
refuse '--chunks' perplexity -m "$model" -f "$work/text" --chunks 0
refuse 'empty name' e2e -m "$model,"
refuse 'may not use CPU 99999' e2e -m "$model" --cpu-list 99999
refuse 'may not use CPU 99999' generate -m "$model" -p a --cpu-list 99999
refuse 'no such node' perplexity -m "$model" -f "$work/text" --numa node:255
refuse 'exclude each other' e2e -m "$model" --cpu-list 0 --no-pin
refuse 'local, interleave or node:N' e2e -m "$model" --numa near
refuse "--threads ''" e2e -m "$model" -t 1,
refuse '--prompt 257' e2e -m "$model" -p 257
refuse 'only core and energy are counted' e2e -m "$model" --counters core,cache
refuse 'expected core, cache' e2e -m "$model" --counters heat
refuse 'nothing to measure' e2e -m "$model" -p 0 -n 0
refuse "$work/absent" e2e -m "$model,$work/absent" -p 1 -n 1 -r 1
refuse 'go together' e2e --predict --shape gauge-4m
refuse '--shape NAME and --type TYPE' e2e --predict
refuse 'go together' e2e --predict -m "$model" --type q8_0
refuse 'no model that could be measured' e2e --shape gauge-4m --type q8_0
refuse 'exclude each other' e2e --predict --shape gauge-4m --type q8_0 -m "$model"
refuse 'exclude each other' e2e --predict --no-predict -m "$model"
refuse 'expected a file, or one of' e2e --predict --shape colossus --type q8_0
printf 'layers 16777216\nembd 64\nheads 1\nkv_heads 1\nhead_dim 64\nffn 64\nvocab 64\n' >"$work/tall.txt"
refuse '16777216 layers: at most 1024' e2e --predict --shape "$work/tall.txt" --type q8_0
refuse 'q9_9' e2e --predict --shape gauge-4m --type q9_9
refuse "--type 'q8_0,': an empty name" e2e --predict --shape gauge-4m --type q8_0,
GAUGEBLOCK_ISA=quantum refuse GAUGEBLOCK_ISA perplexity -m "$model" -f "$work/text"
for verb in generate perplexity imatrix e2e; do
    has "help of $verb" "usage: gaugeblock $verb" "$("$GAUGEBLOCK" help $verb)"
    has "$verb --help" "usage: gaugeblock $verb" "$("$GAUGEBLOCK" $verb --help)"
    has "$verb word --help" "usage: gaugeblock $verb" "$("$GAUGEBLOCK" $verb word --help)"
    refuse '--nothing' $verb -m "$model" --nothing
done
exit $failed
