#!/bin/bash
# The life of a result: made by bench, e2e and perplexity with --store or brought in by import, found again by history,
# compared, exported. Numbers are those of tests/results/; times that are really measured are never judged.
set -u
here=$(cd "$(dirname "$0")" && pwd)
model=$here/../models/gauge-4m/gauge-4m-f16.gguf
. "$(dirname "$0")/support/output.sh"
cd "$work" || exit 1
export XDG_DATA_HOME=$work/data
unset GAUGEBLOCK_ISA
gb=$GAUGEBLOCK
json() { python3 -c "import json,sys; json.load(open(sys.argv[1]))" "$1" 2>/dev/null; }

# what needs no store
out=$("$gb" compare "$here/results/e2e.json" "$here/results/llama-bench.json" --on name,test,threads)
has 'peers compare' 'test=pp512 threads=2' "$out"
has 'peers compare' 'slower (samples 6/5)' "$out"
has 'machines are named' 'the machines differ in 2 of them' "$out"
out=$("$gb" compare "$here/results/e2e.json" "$here/results/e2e.json" --markdown)
has 'markdown' '| tiny-Q4_0.gguf' "$out"
has 'equal is not different' 'no difference shown' "$out"
"$gb" compare "$here/results/perplexity.json" "$here/results/perplexity.json" --json >c.json || problem 'compare --json'
has 'same bits' '"same_bits":	true' "$(cat c.json)"
command -v python3 >/dev/null && { json c.json || problem 'compare --json is not JSON'; }
sed 's/00112233445566778899aabbccddeeff/ffeeddccbbaa99887766554433221100/' "$here/results/perplexity.json" >other.json
has 'other bits' 'OTHER BITS' "$("$gb" compare "$here/results/perplexity.json" other.json)"
has 'one metric' 'equal' "$("$gb" compare "$here/results/e2e.json" "$here/results/e2e.json" --metric model_bytes)"
has 'where' 'B is better in 0' "$("$gb" compare "$here/results/e2e.json" "$here/results/e2e.json" --where-a test=pp512 --where-b test=pp512)"
refuse 'two sets' compare "$here/results/e2e.json"
refuse 'no such file' compare nothing.json "$here/results/e2e.json"
refuse 'nothing to compare' compare "$here/results/e2e.json" "$here/results/llama-bench.json"
refuse 'no result is left' compare "$here/results/e2e.json" "$here/results/e2e.json" --filter nothing
refuse 'regular expression' compare "$here/results/e2e.json" "$here/results/e2e.json" --filter '('
refuse '--confidence' compare "$here/results/e2e.json" "$here/results/e2e.json" --confidence 20
refuse 'PART=VALUE' compare "$here/results/e2e.json" "$here/results/e2e.json" --where-a isa
# what real programs printed: every column and table of theirs is one of ours, and both are read
real=$here/results
[ "$("$gb" export --as llama-bench-csv "$real/mainline.json" | head -n 1)" = "$(head -n 1 "$real/mainline.csv")" ] || problem 'columns of llama-bench -o csv'
[ "$("$gb" export --as llama-bench-sql "$real/mainline.json" | sed '/);/q')" = "$(sed '/);/q' "$real/mainline.sql")" ] || problem 'the table of llama-bench -o sql'
keys() { grep -oE '"[a-z_]+":' | sort -u; }
[ "$("$gb" export --as llama-bench-json "$real/mainline.json" | keys)" = "$(keys <"$real/mainline.json")" ] || problem 'keys of llama-bench -o json'
has 'mainline by lines' 'no difference shown' "$("$gb" compare "$real/mainline.json" "$real/mainline.jsonl")"
has 'a relative of llama-bench' 'slower (samples 3/6)' "$("$gb" compare "$real/ik.json" "$real/mainline.json" --on name,test,threads)"
has 'llama-bench again' '"avg_ts"' "$("$gb" export --as llama-bench-json "$here/results/llama-bench.json")"

if "$gb" import "$here/results/e2e.json" 2>&1 | grep -q 'built without SQLite'; then
    for verb in 'history' 'export --as csv' 'import '"$here/results/e2e.json"; do
        # shellcheck disable=SC2086
        refuse 'built without SQLite' $verb
    done
    exit $failed
fi
store=$work/data/gaugeblock/results.db
[ -s "$store" ] || problem 'XDG_DATA_HOME is not where the store is'

# import: once is enough, all or nothing
has 'import again' 'stored 0 of 2 results' "$("$gb" import "$here/results/e2e.json" 2>&1)"
has 'import' 'stored 3 of 3' "$("$gb" import "$here/results/perplexity.json" "$here/results/llama-bench.json" 2>&1)"
has 'the same as lines' 'stored 0 of 2' "$("$gb" import - 2>&1 <"$here/results/llama-bench.jsonl")"
{ cat "$here/results/llama-bench.jsonl" && echo '{"a":1}'; } | sed 's/tiny/other/' >half.jsonl
refuse 'half.jsonl: line 3' import half.jsonl
lacks 'all or nothing' other "$("$gb" history --keys)"
refuse 'no file' import
refuse 'absent.json' import absent.json
refuse "was measured on 'Example CPU'" import "$here/results/llama-bench.json" --this-machine

# history
out=$("$gb" history 'test=pp512')
has 'history of both programs' 'llama-bench ' "$out"
has 'history of both programs' '0123456789ab' "$out"
has 'its numbers' '198.5-202.0' "$out"
has 'what was spoilt is marked' "(unreliable: the hypervisor took 2.5 % of the CPU's time)" "$("$gb" history 'test=tg64')"
has 'keys' 'test=perplexity text=sample.txt threads=2 (1)' "$("$gb" history --keys)"
sed 's/2026-11-01/2026-11-05/; s/0123456789ab/ba9876543210/; s/200.5,/150.5,/' "$here/results/e2e.json" >later.json
python3 - "$here/results/e2e.json" later.json 2>/dev/null <<'PY' || cp "$here/results/e2e.json" later.json
import json, sys
all = json.load(open(sys.argv[1]))
for r in all:
    r["samples"] = [x * 0.8 for x in r["samples"]]
    r["run"]["started"] = "2026-11-05T10:00:00Z"
    r["provenance"]["commit"] = "ba9876543210"
json.dump(all, open(sys.argv[2], "w"))
PY
"$gb" import later.json 2>/dev/null
if command -v python3 >/dev/null; then
    has 'a change is marked' 'slower +25.0 %' "$("$gb" history 'isa=avx2 .*test=pp512')"
    has 'selections compare' 'slower' "$("$gb" compare 0123456789ab ba9876543210 --metric tokens_per_second)"
    "$gb" history --json >h.json && json h.json || problem 'history --json'
fi
[ "$("$gb" history 'isa=avx2 .*test=pp512' --last 1 | grep -c '^  2026')" = 1 ] || problem 'history --last 1'
has 'history of a selection' 'llama-bench' "$("$gb" history --select program=llama-bench)"
refuse 'matches no stored result' history 'no such thing'
refuse 'regular expression' history '('
refuse 'unknown condition' history --select colour=red
refuse 'holds no such results' history --select commit=ffff
refuse 'no store there yet' history --store "$work/none.db"
refuse '.svg or .png' history --chart x.gif
if command -v gnuplot >/dev/null; then
    "$gb" history test= --chart trend.svg >/dev/null || problem 'history --chart'
    has 'chart' '<svg' "$(head -c 300 trend.svg)"
fi

# export: every form is what its readers expect
[ "$("$gb" export --as csv program=llama-bench | awk -F, '{ print NF }' | sort -u)" = 17 ] || problem 'csv: columns'
"$gb" export --as jsonl all >all.jsonl
has 'records travel' "stored $(wc -l <all.jsonl) of" "$("$gb" import all.jsonl --store "$work/copy.db" 2>&1)"
[ "$("$gb" export --as jsonl --store "$work/copy.db" | sort | cksum)" = "$(sort all.jsonl | cksum)" ] || problem 'records change on the way'
"$gb" export --as llama-bench-jsonl program=llama-bench >l.jsonl
[ "$(wc -l <l.jsonl)" = 2 ] || problem 'llama-bench-jsonl: lines'
has 'llama-bench reads itself' 'no difference shown' "$("$gb" compare l.jsonl "$here/results/llama-bench.json")"
has 'csv of llama-bench' '"pp' "$("$gb" export --as llama-bench-csv program=llama-bench | sed 's/"512","0"/"pp"/')"
if command -v sqlite3 >/dev/null; then
    "$gb" export --as llama-bench-sql 2>/dev/null | sqlite3 l.db || problem 'llama-bench-sql is not SQL'
    [ "$(sqlite3 l.db 'SELECT n_prompt, n_gen, round(avg_ts, 1) FROM llama_bench WHERE build_commit = "8cf427ff" ORDER BY n_gen')" = "$(printf '512|0|196.9\n0|64|49.2')" ] ||
        problem 'llama-bench-sql: values'
fi
has 'Bencher' '"throughput":' "$("$gb" export --as bencher "$here/results/e2e.json")"
has 'Bencher' '"lower_value":' "$("$gb" export --as bencher "$here/results/e2e.json")"
out=$("$gb" export --as github-bigger "$here/results/e2e.json" "$here/results/perplexity.json" 2>&1)
has 'speeds' '"unit":	"t/s"' "$out"
has 'what does not fit is counted' '1 of 3 results have no place' "$out"
lacks 'likelihoods are no speeds' perplexity "$("$gb" export --as github-bigger "$here/results/e2e.json" "$here/results/perplexity.json" 2>/dev/null)"
has 'times' 'load_ms' "$("$gb" export --as github-smaller --metric load_ms "$here/results/e2e.json")"
refuse 'unknown form' export --as xml
refuse 'no form' export

# what is measured here reaches the store
small=(--quick --samples 6 --min-time 0 --size l1 --isa scalar --format q8_0 --op dot)
has 'bench --store' 'stored 1 of 1' "$("$gb" bench "${small[@]}" --store 2>&1)"
has 'bench --store PATH' "stored 1 of 1 results in $work/b.db" "$("$gb" bench "${small[@]}" --store "$work/b.db" 2>&1)"
has 'bench --store=PATH' "results in $work/b.db" "$("$gb" bench --store="$work/b.db" "${small[@]}" 2>&1)"
has 'option after --store' 'stored 1 of 1' "$("$gb" bench --store "${small[@]}" 2>&1)"
has 'the yardstick comes along' '"vs_yardstick"' "$("$gb" export --as jsonl --store "$work/b.db")"
head -c 1500 "$here/../models/gauge-4m/gauge-4m-sample.txt" >text
has 'e2e --store' 'stored 2 of 2' "$("$gb" e2e -m "$model" -p 4 -n 2 -r 2 -t 1 --no-predict --store 2>&1)"
has 'perplexity --store' 'stored 1 of 1' "$("$gb" perplexity -m "$model" -f text -c 16 --chunks 1 --store 2>&1)"
has 'they are found' 'gauge-4m-f16.gguf' "$("$gb" history test=tg2)"
out=$("$gb" compare last last)
has 'the last run' 'same bits' "$out"
refuse 'cannot be opened' bench "${small[@]}" --store "$work/text/x.db"
refuse 'not an SQLite database' bench "${small[@]}" --store "$model"
exit $failed
