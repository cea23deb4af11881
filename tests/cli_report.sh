#!/bin/bash
# report, as a user meets it: numbers of the result files reach the pages, absent ones are dashes, names cannot break the
# HTML, and broken input is named.
set -u
. "$(dirname "$0")/support/output.sh"
mkdir "$work/run"
cat >"$work/run/e2e.json" <<'END'
[{"model":"m/a-Q4_0.gguf","test":"pp16","threads":1,"tps_median":11,"tps_ci95":[10,12],"model_bytes":2000000},
 {"model":"m/a-Q4_0.gguf","test":"pp16","threads":2,"tps_median":100.4,"tps_ci95":[90,110],"model_bytes":2000000,"bits_per_weight":4.5},
 {"model":"m/a-Q4_0.gguf","test":"tg8","threads":2,"tps_median":50.2,"tps_ci95":[49,51],"model_bytes":2000000,"bits_per_weight":4.5},
 {"model":"m/<b>&.gguf","test":"tg8","threads":2,"tps_median":7,"tps_ci95":[6,8],"conditions":{"verdict":"unreliable"}}]
END
echo '{"model":"a-Q4_0.gguf","ppl":6.125,"ppl_stderr":0.25,"logits_hash":"0123456789abcdef0123456789abcdef"}' >"$work/run/perplexity-a-Q4_0.json"
echo '{"rows":3,"ok":2,"fail":0,"skip":1,"seed":42}' >"$work/run/verify.json"
echo '{"kind":"kernel","name":"gb_q4_0_dot_avx2","subject":{"level":"l1"},"metrics":{"ns_per_weight":{"median":0.125},"gbps":{"value":8.5}}}' >"$work/run/bench.jsonl"
echo '{"kind":"kernel","name":"gb_q4_0_dot_sse41","conditions":{"verdict":"unreliable"},"metrics":{"ns_per_weight":{"median":0.25},"gbps":{"value":4}}}' >>"$work/run/bench.jsonl"
has 'where it is' "report: $work/run/report.html" "$("$GAUGEBLOCK" report "$work/run")"
md=$(cat "$work/run/report.md")
html=$(cat "$work/run/report.html")
# the row of the most threads, intervals, perplexity from its own file, the kernel
has 'model row' '| a-Q4_0 | 2.00 | 4.500 | - | - | 100 [90, 110] | 50 [49, 51] | - | 6.1250 +/- 0.2500 | 0123456789ab |' "$md"
has 'a kernel timed under bad conditions' '| gb_q4_0_dot_sse41 (unreliable) | 0.2500 |' "$md"
has 'what the brackets hold' 'or with the least and the most of fewer than six repetitions' "$md"
has 'verified' '3 kernels, 2 ok, 0 failed, 1 not runnable here (seed 42)' "$md"
has 'kernel row' '| gb_q4_0_dot_avx2 l1 | 0.1250 | 8.50 |' "$md"
has 'escaped name' '&lt;b&gt;&amp; (unreliable)' "$html"
has 'a model timed under bad conditions' '| <b>& (unreliable) |' "$md"
case $html in *'<b>&'*) echo 'FAILED: a name reached the page unescaped'; failed=1 ;; esac
if command -v gnuplot >/dev/null; then has 'chart' '<svg' "$html"; else has 'why no chart' 'gnuplot' "$html"; fi
# unverified results say so
rm "$work/run/verify.json"
"$GAUGEBLOCK" report "$work/run" >/dev/null
has 'unverified' 'not shown to be verified' "$(cat "$work/run/report.md")"
# more than there is room for is counted
mkdir "$work/many"
for i in $(seq 515); do echo '{"kind":"kernel","name":"k'"$i"'","metrics":{}}'; done >"$work/many/bench.jsonl"
"$GAUGEBLOCK" report "$work/many" >/dev/null
has 'what is left out is said' '3 results are left out: a report has room for 64 models and 512 kernels' "$(cat "$work/many/report.md")"
# refusals
echo '{' >"$work/run/e2e.json"
refuse 'e2e.json' report "$work/run"
mkdir "$work/empty"
refuse 'no result files' report "$work/empty"
refuse "$work/absent" report "$work/absent"
refuse 'one folder' report
exit $failed
