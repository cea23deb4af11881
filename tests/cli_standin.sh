#!/usr/bin/env bash
# The program with stand-ins (option GB_STAND_IN): its tiers agree with the reference, and nothing it prints can be taken for
# a run of the tiers themselves.
set -u
: "${GAUGEBLOCK:?names the binary to test}"
[ -n "${GAUGEBLOCK_STANDIN:-}" ] || exit 77 # no tier of this architecture has stand-ins
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. "$(dirname "$0")/../scripts/rows.sh"
failed=0
fail() {
    echo "FAIL: $*"
    failed=1
}

"$GAUGEBLOCK_STANDIN" list isas >"$dir/isas" || fail 'list isas'
"$GAUGEBLOCK" list isas | grep -q stand-in && fail 'the program for use says that it has stand-ins'
tiers=$(awk '$3 == "stand-in" { print $1 }' "$dir/isas")
[ -n "$tiers" ] || fail "no stand-ins in: $(cat "$dir/isas")"

# perplexity --stand-in: the reference's hash, and nothing that is a measurement or that import would take for one.
"$GAUGEBLOCK" synth --shape tiny --type Q8_0 "$dir/m.gguf" >/dev/null || fail 'synth'
printf 'The quick brown fox jumps over the lazy dog. %.0s' 1 2 >"$dir/text"
perplexity() { # program options...
    local program=$1
    shift
    "$program" perplexity -m "$dir/m.gguf" -f "$dir/text" -c 20 --chunks 1 -t 1 "$@" 2>&1
}
hash_in() { sed -nE 's/.*(logits hash |"logits_hash":[[:space:]]*")([0-9a-f]{32}).*/\2/p' "$1"; }
perplexity "$GAUGEBLOCK" --isa reference >"$dir/out" || fail "reference: $(cat "$dir/out")"
reference=$(hash_in "$dir/out")
[ ${#reference} = 32 ] || fail "the reference's hash: $(cat "$dir/out")"
refuses() { # what the message says, program options...
    local text=$1
    shift
    perplexity "$@" >"$dir/out" && fail "not refused: $*"
    grep -q -- "$text" "$dir/out" || fail "not '$text' but: $(cat "$dir/out")"
}
refuses 'which tier' "$GAUGEBLOCK_STANDIN" --stand-in
refuses 'replaces no instructions' "$GAUGEBLOCK_STANDIN" --stand-in --isa scalar
logits_by() { # tier
    refuses 'replaces no instructions' "$GAUGEBLOCK" --stand-in --isa "$1"
    refuses 'this program replaces its instructions' "$GAUGEBLOCK_STANDIN" --isa "$1"
    refuses 'no result for a store' "$GAUGEBLOCK_STANDIN" --stand-in --isa "$1" --store="$dir/store"
    [ ! -e "$dir/store" ] || fail 'a store for a stand-in'
    perplexity "$GAUGEBLOCK_STANDIN" --stand-in --isa "$1" >"$dir/out" || fail "perplexity: $(cat "$dir/out")"
    [ "$(hash_in "$dir/out")" = "$reference" ] || fail "perplexity $1, the reference has $reference: $(cat "$dir/out")"
    grep -q "^stand-in for $1: other instructions" "$dir/out" || fail "perplexity does not tell: $(cat "$dir/out")"
    [ "$(wc -l <"$dir/out")" = 2 ] || fail "perplexity says more than the hash: $(cat "$dir/out")"
    perplexity "$GAUGEBLOCK_STANDIN" --stand-in --isa "$1" --json >"$dir/json" || fail "perplexity --json: $(cat "$dir/json")"
    [ "$(hash_in "$dir/json")" = "$reference" ] || fail "JSON of $1, the reference has $reference: $(cat "$dir/json")"
    grep -q '"stand_in":[[:space:]]*"'"$1" "$dir/json" || fail "JSON of perplexity does not tell: $(cat "$dir/json")"
    grep -qE 'second|"(ppl|isa|run|machine)"' "$dir/json" && fail "JSON of a measurement: $(cat "$dir/json")"
    "$GAUGEBLOCK" import "$dir/json" --store "$dir/store" >"$dir/out" 2>&1 && fail "import takes it: $(cat "$dir/out")"
}

for isa in $tiers; do
    logits_by "$isa"
    "$GAUGEBLOCK_STANDIN" verify --isa "$isa" >"$dir/out" || fail "verify --isa $isa: $(grep -v ' OK ' "$dir/out" | head -20)"
    ok=$(grep -c ' OK .*(stand-in)$' "$dir/out")
    [ "$ok" -gt 0 ] || fail "no row of $isa ran"
    [ "$ok" -eq "$(grep -c "^GB_KERNEL(.*, $isa, " "$(dirname "$0")/../kernels/kernels.def")" ] || fail "only $ok rows of $isa"
    note_rows stand-in <"$dir/out"
    grep -q "^$ok of the ok with other instructions" "$dir/out" || fail "the sum does not tell: $(tail -2 "$dir/out")"
    "$GAUGEBLOCK_STANDIN" verify --quick --op gemm --format q8_0 --isa "$isa" --json | grep -q '"stand_in":[[:space:]]*true' ||
        fail 'JSON does not tell'
    "$GAUGEBLOCK_STANDIN" bench --quick --op gemm --format q8_0 --isa "$isa" >"$dir/out" 2>&1
    grep -q 'this program replaces its instructions' "$dir/out" || fail "bench does not refuse $isa: $(cat "$dir/out")"
done
exit $failed
