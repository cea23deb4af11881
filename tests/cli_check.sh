#!/bin/bash
# check, as a CI job meets it: exit 0, 1 and 2; a changed bit of a hash is a finding; slowdowns are injected into result
# files, so that no verdict depends on this machine's mood; another machine's baseline is not used.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export XDG_DATA_HOME=$work/data
gb=$GAUGEBLOCK
failed=0
problem() { printf 'FAILED %s\n' "$*"; failed=1; }
expect() { # exit status, part of the output, words
    local code=$1 part=$2 out status
    shift 2
    out=$("$gb" check "$@" 2>&1 </dev/null)
    status=$?
    [ $status = "$code" ] || problem "check $*: exit $status instead of $code: ${out:0:1500}"
    case $out in *"$part"*) ;; *) problem "check $*: no '$part' in: ${out:0:1500}" ;; esac
}

# verify
expect 0 'equal the reference bit for bit, 0 differ' --only verify --format q8_0 --quick
expect 0 '"fail":	0' --only verify --format q8_0 --quick --json
expect 2 'no kernel of the table matches' --only verify --filter nothing

# hashes: those that are committed; one digit of one of them is a finding
golden=$here/results/golden-hashes.json
head -n 12 "$golden" | sed '$ s/,$//' >few.json && printf ' ]\n}\n' >>few.json
sed -i "s|\"\.\./models|\"$here/models|" few.json
expect 0 'give the golden logits, 0 do not' --only hashes --golden few.json
python3 - few.json off.json 2>/dev/null <<'PY' || cp few.json off.json
import sys
text = open(sys.argv[1]).read()
at = text.index('"logits": "') + len('"logits": "')
open(sys.argv[2], "w").write(text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1:])
PY
if ! cmp -s few.json off.json; then
    expect 1 'hashes  FAIL' --only hashes --golden off.json
    expect 1 '"same":	false' --only hashes --golden off.json --json
    # every type: the update must give the committed file again, digit by digit. Not under sanitizers, which have seen the
    # same code in the hashes above and need minutes for this
    if [ -z "${GB_SANITIZED:-}" ] || [ -n "${GB_TEST_ALL:-}" ]; then
        cp off.json mended.json
        expect 0 'golden hashes: ' --update-golden --golden mended.json
        diff <(grep '"logits"' "$golden") <(grep '"logits"' mended.json) || problem 'the updated hashes are not the golden ones'
    fi
fi
expect 2 'absent.json' --only hashes --golden absent.json
echo '{"model":"m","text":"t","hashes":[{"type":"F16","logits":"xyz"}]}' >bad.json
expect 2 "'text_bytes'" --only hashes --golden bad.json
sed 's/gauge-4m-f16/no-such-model/' few.json >gone.json
expect 2 'no-such-model' --only hashes --golden gone.json

# speed: a baseline of this machine, and runs of now that are made from it
small=(--quick --sessions 6 --samples 3 --min-time 0 --size l1 --isa scalar --op dot --filter 'q8_0|q4_0')
"$gb" bench --sessions 16 --yardstick --json --quick --samples 3 --min-time 0 --size l1 --op dot --isa scalar --filter 'q8_0|q4_0' >base.jsonl || problem 'no baseline'
[ "$(wc -l <base.jsonl)" = 2 ] || problem 'base.jsonl: lines'
slowed() { # factor: the first kernel takes so much longer; the samples of a calm machine
    python3 - "$1" base.jsonl now.jsonl <<'PY'
import json, sys
out = open(sys.argv[3], "w")
for i, line in enumerate(open(sys.argv[2])):
    r = json.loads(line)
    for m in ("ns_per_call", "vs_yardstick"):
        n = r["metrics"][m]["n"]
        f = float(sys.argv[1]) if i == 0 else 1
        s = [f * (100 + 0.1 * (j * 7 % n)) for j in range(n)]
        r["metrics"][m].update(samples=s, median=sorted(s)[n // 2], ci95_low=min(s), ci95_high=max(s))
    for m in ("aa_noise", "vs_yardstick_noise"):
        r["metrics"][m]["value"] = 0.001
    r["conditions"] = {"verdict": "quiet", "clock_drift": 0}
    r["run"]["id"] = "feedfacefeedface"
    r["run"]["seed"] = 42
    out.write(json.dumps(r) + "\n")
PY
}
if command -v python3 >/dev/null; then
    slowed 1 && cp now.jsonl calm.jsonl
    sed -i 's/feedface/cafecafe/g' calm.jsonl
    judge=(--only speed --baseline calm.jsonl --current now.jsonl)
    expect 0 '2 without a shown difference' "${judge[@]}"
    slowed 1.01
    expect 0 '1 slower but within it' "${judge[@]}"
    slowed 1.2
    expect 1 'speed   FAIL' "${judge[@]}"
    expect 1 '+20.' "${judge[@]}"
    expect 1 '"failed":	1' "${judge[@]}" --json
    expect 0 '1 slower but within it' "${judge[@]}" --threshold 25
    sed -i 's/"conditions": {[^}]*}/"conditions": {"verdict": "unreliable", "why": "the clock", "clock_drift": 0.5}/' now.jsonl
    grep -q '"the clock"' now.jsonl || problem 'no conditions to spoil'
    expect 1 'B unreliable: the clock' "${judge[@]}"
    slowed 0.8
    expect 0 '1 faster' "${judge[@]}"
    slowed 1.05
    expect 1 'speed   FAIL' "${judge[@]}" --threshold 2
    # another machine: said, skipped, no finding
    sed 's/"cpu_model": *"[^"]*"/"cpu_model":"Another CPU"/' calm.jsonl >foreign.jsonl
    slowed 1.2
    expect 0 'the baseline is of another machine (cpu_model: ' --only speed --baseline foreign.jsonl --current now.jsonl
fi

# measured for real: no verdict is expected, only that the machinery runs and says what it did
expect 0 'no baseline yet' --only speed "${small[@]}"
[ ! -e "$work/data" ] || problem 'looking for a baseline made a store'
if "$gb" check --only speed "${small[@]}" --save-baseline 2>&1 | grep -q 'built without SQLite'; then
    expect 0 'built without SQLite' --only speed "${small[@]}"
    exit $failed
fi
"$gb" check --only speed "${small[@]}" >out 2>&1
[ $? -le 1 ] || problem "check against the stored baseline: $(cat out)"
grep -q 'speed   2 rows against the baseline' out || problem "rows: $(cat out)"
expect 0 'skipped: the stored baseline has none of these 1 kernels' --only speed "${small[@]}" --filter q5_0
"$gb" check --only speed "${small[@]}" --vs-binary "$gb" >out 2>&1
[ $? -le 1 ] || problem "check --vs-binary: $(cat out)"
grep -q '2 rows against the baseline' out || problem "rows of --vs-binary: $(cat out)"

# refusals
expect 2 'exclude each other' --save-baseline --baseline x
expect 2 '--current judges' --current x --save-baseline
expect 2 'fewer than 4' --sessions 3
expect 2 'expected verify, hashes, speed' --only bits
expect 2 '--threshold' --threshold many
expect 2 'unexpected argument' now
expect 2 'cannot be run' --only speed "${small[@]}" --vs-binary "$work/absent"
expect 2 'ended with status' --only speed "${small[@]}" --vs-binary /bin/false
exit $failed
