#!/usr/bin/env bash
# The verb bench from outside: selections, output forms, exit codes. Times are never judged.
set -uo pipefail
gb=${GAUGEBLOCK:?path of the program}
failed=0
problem() { echo "FAIL: $*" >&2; failed=1; }

# expect CODE PATTERN ARGS...: exit status, and a line of the output (stdout and stderr) that matches
expect() {
    local code=$1 pattern=$2 out status
    shift 2
    out=$("$gb" bench "$@" 2>&1)
    status=$?
    [ "$status" -eq "$code" ] || problem "bench $*: exit $status, expected $code: $out"
    grep -qE -- "$pattern" <<<"$out" || problem "bench $*: no '$pattern' in: $out"
}

short=(--samples 6 --min-time 0 --size l1 --quick)

expect 2 "unknown format" --format q9_9
expect 2 "unknown operation" --op twist
expect 2 "unknown instruction set" --isa sse9
expect 2 "regular expression" --filter '('
expect 2 "no kernel of the table matches" --filter 'nothing like this'
expect 2 "expected l1, l2, l3 or dram" --size l1,l9
expect 2 "expected l1, l2, l3 or dram" --size ''
expect 2 "expected a number from 1" --samples 0
expect 2 "expected a number" --min-time soon
expect 2 "may not use that CPU" --cpu 99999
expect 2 "unexpected argument" dot
expect 2 "exclude each other" --json --csv
expect 2 "help bench" --no-such-option

# --list times nothing, takes exactly the selected ISA, and says what cannot run here
expect 0 "^gb_q8_0_dot_scalar +runs here" --list --isa scalar
[ "$("$gb" bench --list --isa scalar --op dot | grep -cv _dot_scalar)" -eq 0 ] || problem "--list shows other rows"
case $(uname -m) in
x86_64) expect 2 "nothing selected can run here" --isa neon "${short[@]}" ;;
aarch64) expect 2 "nothing selected can run here" --isa avx2 "${short[@]}" ;;
esac

expect 2 "--list excludes" --list --json
expect 2 "--list excludes" --list --roofline

# the table: header, one row per kernel, no failures
expect 0 "^gb_q8_0_dot_scalar .* 1\.00" --isa scalar --format q8_0 --op dot "${short[@]}"
expect 0 "^pinning +CPU [0-9]" --isa scalar --format q8_0 --op dot "${short[@]}"
expect 0 "^counters +core: .*: absent: |IPC" --isa scalar --format q8_0 --op dot "${short[@]}"
expect 0 "0 failed verification" --isa scalar --format q8_0 --op dot "${short[@]}"

# counters: every group and event says what it is or why it is not; precision has a limit, and what was reached is said
dot=(--isa scalar --format q8_0 --op dot "${short[@]}")
for group in core:cycles cache:dram_read_bytes topdown:slots fp:fp_vector energy:energy_package; do
    expect 0 "^counters +${group%:*}: (.*, )?${group#*:}(,.*)?(: absent: .+)?\$" --counters "${group%:*}" "${dot[@]}"
done
expect 0 "^counters +none asked for" --counters none "${dot[@]}"
expect 0 "^counters +events: NO:SUCH_EVENT: absent: libpfm4" --events NO:SUCH_EVENT,INSTRUCTIONS "${dot[@]}"
expect 2 "expected core, cache, topdown, fp or energy" --counters core,heat
expect 2 "the name of a counter, or given twice" --events cycles
expect 2 "expected a number from 0 to 100" --precision -1
expect 0 "more until the interval is under 0.5 % or 1 ms are over" --precision 0.5 --max-time 1 "${dot[@]}"
expect 0 "^outliers \(out\): [0-9]+ of [0-9]+ samples" "${dot[@]}"
expect 0 "^unreliable: [0-9]+ of 1 timings" "${dot[@]}"
expect 0 "^intervals: of 3 samples the least and the most, which hold the median with 75 %" "${dot[@]}" --samples 3 --precision 0

# CSV: the head names as many columns as every row has
columns=$("$gb" bench --isa scalar --op dot "${short[@]}" --csv | awk -F, '{ print NF }' | sort -u)
[ "$columns" = 23 ] || problem "--csv: columns: $columns"

# JSON lines: one record per timed row, with the parts a reader needs
lines=$("$gb" bench --isa scalar --op dot "${short[@]}" --json --seed 18446744073709551615)
[ "$(wc -l <<<"$lines")" -eq "$("$gb" bench --list --isa scalar --op dot | wc -l)" ] || problem "--json: not one line per kernel"
for part in '"kind":"kernel"' '"verdict":"ok"' '"seed":18446744073709551615' '"ci95_low":' '"machine":{' '"commit":' \
    '"affinity":[' '"memory":"' '"ns_per_weight":{' '"ci95_width":{' '"outliers":' '"conditions":{"verdict":"' '"counters":{"per":"call"'; do
    [ "$(grep -cF -- "$part" <<<"$lines")" -eq "$(wc -l <<<"$lines")" ] || problem "--json: a record lacks $part"
done

# shapes of models: a name in any case, one tensor, a file; and cold caches
quick=(--samples 6 --min-time 0 --quick)
expect 0 "^llama-3.2-1b:attn_k: 512 rows of 2048 elements" --shape Llama-3.2-1B:attn_k --isa scalar --format q8_0 --op gemv "${quick[@]}"
expect 2 "one of .*mistral-7b" --shape nomodel
expect 2 "no matrix 'ffn'" --shape mistral-7b:ffn
expect 2 "exclude each other" --shape mistral-7b --size l1
expect 2 "no kernel of the table" --shape mistral-7b --op rope
shape=$(mktemp)
printf 'layers 1\nembd 256\nheads 4\nkv_heads 4\nhead_dim 64\nffn 512\nvocab 300\n' >"$shape"
lines=$("$gb" bench --shape "$shape" --cold --json --isa scalar --format q8_0 --op dot "${quick[@]}" --sessions 2)
[ "$(wc -l <<<"$lines")" -eq 4 ] || problem "--shape FILE: not four shapes: $lines"
[ "$(grep -cF '"cache":"cold"' <<<"$lines")" -eq 4 ] || problem "--cold: a record does not say so"
printf 'layers one\n' >"$shape"
expect 2 "$shape:1: 'layers one'" --shape "$shape"
rm -f "$shape"
expect 0 "^caches +cold" --cold --isa scalar --format q8_0 --op dot "${short[@]}"

# where threads and memory are; a machine without NUMA system calls says so, and still measures without --numa
one=(--isa scalar --format q8_0 --op gemv "${short[@]}")
cpu=$("$gb" bench "${one[@]}" | sed -n 's/^pinning *CPU //p')
expect 0 "^pinning +CPU $cpu\$" --cpu-list "$cpu" "${one[@]}"
expect 0 "^memory: (node [0-9]+: |not visible)" "${one[@]}"
expect 0 "^memory: |set_mempolicy" --numa local "${one[@]}"
expect 2 "no such node" --numa node:255 "${one[@]}"
expect 2 "expected local, interleave or node:N" --numa everywhere
expect 2 "expected CPU numbers" --cpu-list 0-
expect 2 "may not use CPU 99999" --cpu-list 99999 "${one[@]}"
expect 2 "exclude each other" --cpu 0 --cpu-list 0

# the chart: the fastest kernel of a working set has the whole width
expect 0 "^gb_q8_0_gemv_scalar +\|#{40}\| [0-9]" --chart --isa scalar --format q8_0 --op gemv "${short[@]}"
expect 2 "--chart excludes" --chart --csv

# the roofline: ceilings, every kernel's place, and a drawing
svg=$(mktemp -d)
expect 0 "^gb_q8_0_gemv_scalar +l1 +int8 +8\.500" --roofline="$svg/r.svg" --isa scalar --format q8_0 --op gemv "${short[@]}"
grep -q "<circle.*gb_q8_0_gemv_scalar" "$svg/r.svg" || problem "--roofline: no kernel in the drawing"
expect 2 "--roofline excludes" --roofline --csv
# and as records: the kernel with its roof, each ceiling
expect 0 '^\{"schema":1,"kind":"kernel".*"of_roof":\{"unit":"ratio"' --roofline="$svg/j.svg" --json --isa scalar --format q8_0 --op gemv "${short[@]}"
expect 0 '^\{"schema":1,"kind":"ceiling","name":"read dram","subject":\{"level":"dram","threads":1' --roofline="$svg/j.svg" --json --isa scalar --format q8_0 --op gemv "${short[@]}"
grep -q "</svg>" "$svg/j.svg" || problem "--roofline --json: no drawing"
rm -rf "$svg"

# sessions: processes whose medians are the samples
lines=$("$gb" bench --isa scalar --op dot --format q8_0 "${short[@]}" --json --sessions 4 --yardstick)
for part in '"sessions":4' '"vs_yardstick":{' '"n":4' '"command":"gaugeblock bench '; do
    [ "$(grep -cF -- "$part" <<<"$lines")" -eq 1 ] || problem "--sessions: no $part in: $lines"
done
expect 0 "4 sessions" --isa scalar --op dot --format q8_0 "${short[@]}" --sessions 4
expect 0 "^unreliable: [01] of 1 timings" --isa scalar --op dot --format q8_0 "${short[@]}" --sessions 4
expect 0 "^intervals: of 4 samples the least and the most" --isa scalar --op dot --format q8_0 "${short[@]}" --sessions 4
expect 2 "exclude each other" --csv --sessions 4
expect 2 "nothing selected can run here|ended with status" --isa neon --filter neon "${short[@]}" --sessions 4
[ "$("$gb" bench --list --best --op dot --format q8_0 | wc -l)" -eq 1 ] || problem "--best takes more than one row"

# --vs: two of something; no ratio is judged
expect 0 "^gb_q8_0_dot_avx2 .*paired|cannot run here" --vs scalar,avx2 --op dot --format q8_0 "${short[@]}"
expect 0 "1 compared: |cannot run here" --vs gb_q8_0_dot_scalar,gb_q8_0_dot_avx2 "${short[@]}" --sessions 6
expect 0 "this program" --vs-binary "$gb" --op dot --format q8_0 --isa scalar "${short[@]}" --sessions 6
expect 2 "with a comma" --vs avx2
expect 2 "twice" --vs scalar,scalar
expect 2 "no instruction set, no kernel, and no file" --vs scalar,quantum
here=$(cd "$(dirname "$0")" && pwd)
expect 2 "e2e.json' is a file, and '/nowhere.jsonl' is none" --vs "$here/results/e2e.json,/nowhere.jsonl"
expect 2 "e2e.json' is a file, and 'avx2' is none" --vs "avx2,$here/results/e2e.json"
expect 2 "not of one kind" --vs scalar,gb_q8_0_dot_scalar
expect 2 "not of one format" --vs gb_q8_0_dot_scalar,gb_q4_0_dot_scalar
expect 2 "cannot be run" --vs-binary /nowhere/at/all --isa scalar --op dot --format q8_0 "${short[@]}"
expect 2 "exclude each other" --vs a,b --csv

[ "$failed" -eq 0 ] && echo "cli_bench: ok"
exit "$failed"
