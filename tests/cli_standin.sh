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
for isa in $tiers; do
    "$GAUGEBLOCK_STANDIN" verify --isa "$isa" >"$dir/out" || fail "verify --isa $isa: $(grep -v ' OK ' "$dir/out" | head -20)"
    ok=$(grep -c ' OK .*(stand-in)$' "$dir/out")
    [ "$ok" -gt 0 ] || fail "no row of $isa ran"
    [ "$ok" -eq "$(grep -c "^GB_KERNEL(.*, $isa, " "$(dirname "$0")/../kernels/kernels.def")" ] || fail "only $ok rows of $isa"
    note_rows stand-in <"$dir/out"
    grep -q "^$ok of the ok with other instructions" "$dir/out" || fail "the sum does not tell: $(tail -2 "$dir/out")"
    "$GAUGEBLOCK_STANDIN" verify --quick --op gemm --format q8_0 --isa "$isa" --json | grep -q '"stand_in":[[:space:]]*true' ||
        fail 'JSON does not tell'
    "$GAUGEBLOCK_STANDIN" bench --quick --op gemm --format q8_0 --isa "$isa" >"$dir/out" 2>&1
    grep -q 'for verify only' "$dir/out" || fail "bench does not refuse $isa: $(cat "$dir/out")"
done
exit $failed
