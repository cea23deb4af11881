#!/bin/bash
# The verb `tokenize`: ways to give a text, the two outputs, exit statuses and messages of wrong usage.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
model=$here/models/gauge-4m/gauge-4m-f16.gguf
. "$(dirname "$0")/support/output.sh"

# One text, four ways in.
printf 'Hello 12\n' >"$work/text"
ids='{"ids":[4094,72,509,111,32,49,50,10],"count":8}'
check 'TEXT' "$ids" "$("$GAUGEBLOCK" tokenize -m "$model" --json $'Hello 12\n')"
check '-f FILE' "$ids" "$("$GAUGEBLOCK" tokenize -m "$model" --json -f "$work/text")"
check '-f -' "$ids" "$("$GAUGEBLOCK" tokenize -m "$model" --json -f - <"$work/text")"
check 'standard input' "$ids" "$("$GAUGEBLOCK" tokenize --model="$model" --json <"$work/text")"
check 'empty file' '{"ids":[4094],"count":1}' "$("$GAUGEBLOCK" tokenize -m "$model" --json </dev/null)"

check '--no-bos' '{"ids":[],"count":0}' "$("$GAUGEBLOCK" tokenize -m "$model" --no-bos --json '')"
check '--parse-special' '{"ids":[4095],"count":1}' \
    "$("$GAUGEBLOCK" tokenize -m "$model" --no-bos --parse-special --json '<|end_of_text|>')"
check 'for people' "$(printf '    4094  <|begin_of_text|>\n      72  "H"\n     195  "\\xC3"\n     188  "\\xBC"\n      10  "\\n"')" \
    "$("$GAUGEBLOCK" tokenize -m "$model" $'H\xC3\xBC\n')"
check 'a text that looks like an option' '{"ids":[45,120],"count":2}' \
    "$("$GAUGEBLOCK" tokenize -m "$model" --no-bos --json -- -x)"

refuse '-m MODEL is missing' tokenize hello
refuse "'two'" tokenize -m "$model" one two
refuse 'expected one' tokenize -m "$model" -f "$work/text" hello
refuse '--nothing' tokenize -m "$model" --nothing hello
refuse "-m'" tokenize -m
refuse "$work/absent" tokenize -m "$work/absent" hello
refuse "$work/absent" tokenize -m "$model" -f "$work/absent"
refuse "$work/text" tokenize -m "$work/text" hello
exit $failed
