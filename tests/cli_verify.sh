#!/usr/bin/env bash
# gaugeblock verify and list as a user runs them.
set -u
: "${GAUGEBLOCK:?names the binary to test}"
"$GAUGEBLOCK" help > /dev/null || { echo "FAIL: $GAUGEBLOCK does not run"; exit 1; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
source_dir=$(cd "$(dirname "$0")/.." && pwd)
cd "$dir" || exit 1
failed=0

fail() {
    echo "FAIL: $*"
    failed=1
}

# exits STATUS ARGUMENTS...
exits() {
    local want=$1
    shift
    "$GAUGEBLOCK" "$@" > out 2> message
    local status=$?
    [ $status -eq "$want" ] || fail "$*: exit $status, expected $want: $(cat message)"
}

# says FILE PATTERN: an extended regular expression that some line matches
says() {
    grep -Eq -- "$2" "$1" || fail "expected '$2' in: $(head -c 2000 "$1")"
}

number() { # number KEY: the first "KEY": number in the JSON
    sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" out | head -1
}

rows=$(grep -c '^GB_KERNEL(' "$source_dir/kernels/kernels.def")

# --- verify: every row; under sanitizers, where test_verify has just done that, those of one operation
selection=()
selected=$rows
if [ -n "${GB_SANITIZED:-}" ] && [ -z "${GB_TEST_ALL:-}" ]; then
    selection=(--op dot)
    selected=$(grep -c '^GB_KERNEL([A-Za-z0-9_]*, dot, ' "$source_dir/kernels/kernels.def")
fi
exits 0 verify --quick "${selection[@]}"
says out "^$selected rows: [0-9]+ ok, 0 failed, [0-9]+ skipped \(seed 42\)$"
says out "^gb_q8_0_dot_scalar +OK "
[ ! -s message ] || fail "verify writes to stderr without a terminal: $(cat message)"

# every row that this machine can run was run, by /proc/cpuinfo and not by what the program found out
. "$source_dir/scripts/rows.sh"
if [ -r /proc/cpuinfo ]; then
    difference=$(diff <(expected_rows "$(uname -m)" "$(machine_features "$GAUGEBLOCK")" "${selection[@]}") <(actual_rows < out)) ||
        fail "verify: not the rows that are expected (<) but these (>): $(head -n 20 <<< "$difference")"
fi
note_rows natively < out

exits 0 verify --quick --format q8_0 --json --seed 18446744073709551615
[ "$(number fail)" = 0 ] || fail "JSON: fail is $(number fail)"
[ $(($(number ok) + $(number skip))) -eq "$(number rows)" ] || fail "JSON: ok + skip is not rows"
[ "$(number seed)" = 18446744073709551615 ] || fail "JSON: seed is $(number seed)"
[ "$(grep -c '"status"' out)" -eq "$(number rows)" ] || fail "JSON: not one result per row"
says out '"format":[[:space:]]*"q8_0"'
grep -q '"format":[[:space:]]*"q4_0"' out && fail "--format q8_0 shows q4_0"

exits 0 verify --quick --op add --isa scalar
says out "^1 rows: 1 ok"
exits 0 verify --format q4_K --op dot --isa scalar --case n=768,w+1,a+3
says out " 1 cases "
case $(uname -m) in x86_64) foreign=neon ;; *) foreign=avx2 ;; esac
exits 0 verify --quick --isa $foreign
says out "SKIP\(not built"
says out " 0 ok, 0 failed"

exits 2 verify --isa quantum
says message "unknown instruction set"
exits 2 verify --format q9_9
says message "unknown format"
exits 2 verify --op divide
says message "unknown operation"
exits 2 verify --seed x
exits 2 verify --format q8_K --op dot
says message "no kernel of the table matches"
exits 2 verify --format q8_0 --op dot --case no-such-case
says message "no-such-case"
exits 2 verify q8_0
says message "unexpected argument"
exits 2 verify --colour

# --- list
exits 0 list formats
says out "^q4_K +12 +256 +144 +- +4.5 +q8_K +weights$"
exits 0 list formats --json
[ "$(grep -c '"ggml_type"' out)" -eq "$(cat "$source_dir"/kernels/formats.h "$source_dir"/kernels/foreign.h | grep -c '^    X([a-z]')" ] || fail "list formats --json: $(cat out)"
exits 0 list isas --json
[ "$(grep -c '"arch"' out)" -eq "$(grep -c '^GB_ISA(' "$source_dir/kernels/isa.def")" ] || fail "list isas --json"
exits 0 list kernels --json
[ "$(grep -c '"name"' out)" -eq "$rows" ] || fail "list kernels --json: not every row of the table"
[ "$(grep -c '"supported":[[:space:]]*true' out)" -eq "$(grep -c '"reason":[[:space:]]*""' out)" ] || fail "list kernels: a reason beside supported, or none beside unsupported"
exits 0 list kernels
says out "^$rows kernels, [0-9]+ can run here$"
says out "_$foreign .* not built: needs"
exits 0 list kernels --matrix
says out '^gemm +scalar +sse41 +avx2 '
says out '^attn_acc +scalar +sse41 +avx2 '
says out '^q4_K +yes +yes +yes '
says out '^q3_K +yes +yes +yes +yes +\(yes\) +yes ' # avx512's gemm, which the table lists behind that of avx2
awk 'length > 120 { exit 1 }' out || fail "list kernels --matrix: a line of more than 120 columns"
grep -q '?' out && fail "list kernels --matrix: a cell without a reason: $(grep '?' out)"
notes=$(sed -nE 's/^ *([0-9]+)  [^ ].*/\1/p' out | tail -n 1)
sed '/^yes:/,$d' out | grep -oE '[a-z0-9_-]+ [0-9]+( |$)' | awk -v most="$notes" '$2 > most { exit 1 }' || fail "list kernels --matrix: a note that is missing"
cells=$(grep -oE ' (yes|\(yes\)|[a-z0-9_]+ [0-9]+|- [0-9]+)( |$)' out | wc -l)
[ "$cells" -gt 1000 ] || fail "list kernels --matrix: only $cells cells"
exits 0 list kernels --matrix --json
[ "$(grep -c '"kernel":[[:space:]]*true' out)" -eq "$(grep -c '"reason":[[:space:]]*""' out)" ] || fail "list kernels --matrix --json: a cell without kernel and reason"
[ "$(grep -c '"kernel":[[:space:]]*true' out)" -eq "$rows" ] || fail "list kernels --matrix --json: not every row of the table"
exits 2 list isas --matrix
says message "list kernels --matrix"
exits 0 list machine
for key in cpu_model microcode hypervisor features isas logical_cpus l1d_bytes memory_bytes huge_pages kernel governor; do
    says out "^$key +[^ ]"
done
says out '^topology: [1-9]'
says out '^ +[1-9][0-9]* cores?.*: CPUs? [0-9]'
exits 0 list machine --json
says out '"cpus":'
says out '"logical_cpus":[[:space:]]*[1-9]'
exits 2 list
exits 2 list everything
says message "cannot list 'everything'"
exits 2 list formats isas
exits 2 list formats --colour

exit $failed
