#!/bin/sh
# Markdown tables of what every kernel takes here: TSC cycles per 32 elements, formats by instruction sets, from
# `gaugeblock bench --csv`. A tier without a kernel of its own for a format shows nothing.
#
#   scripts/kernel-table.sh [-o dot,gemv,...] [PROGRAM [BENCH OPTION ...]]
#
# The default is all of l1 with short verification: --size l1 --quick.
set -eu

ops=dot,gemv,dequantize,quantize_act
if [ "${1:-}" = -o ]; then
    ops=$2
    shift 2
fi
program=build/release/gaugeblock
if [ $# -gt 0 ]; then
    program=$1
    shift
fi
[ $# -gt 0 ] || set -- --size l1 --quick

for op in $(echo "$ops" | tr , ' '); do
    "$program" bench --op "$op" "$@" --csv 2>/dev/null |
        awk -F, -v op="$op" '
            NR == 1 {
                for (i = 1; i <= NF; i++) at[$i] = i
                next
            }
            $at["verdict"] == "ok" {
                format = $at["format"]
                isa = $at["isa"]
                if (!(format in rows)) row[++row_count] = format
                if (!(isa in columns)) column[++column_count] = isa
                rows[format] = columns[isa] = 1
                value[format, isa] = sprintf("%.2f", $at["cycles_per_32"])
            }
            END {
                if (row_count == 0) exit 1
                line = "| " op " |"
                rule = "|---|"
                for (c = column_count; c > 0; c--) {
                    line = line " " column[c] " |"
                    rule = rule "---|"
                }
                print line
                print rule
                for (r = 1; r <= row_count; r++) {
                    line = "| " row[r] " |"
                    for (c = column_count; c > 0; c--) line = line " " value[row[r], column[c]] " |"
                    print line
                }
                print ""
            }'
done
