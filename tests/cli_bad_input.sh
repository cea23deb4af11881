#!/bin/bash
# Files that are no models, given to every verb that reads one: exit status 2, one message that names the file, no
# output file, no crash, no hang.
set -u
source="$(cd "$(dirname "$0")/.." && pwd)"
model="$source/models/gauge-4m/gauge-4m-f16.gguf"
. "$(dirname "$0")/support/cli.sh"

# reject FILE REASON: info and quantize
reject() {
    local file="$1" reason="$2"
    for verb in info quantize; do
        local words=("$file")
        [ $verb = quantize ] && words=("$file" out.gguf Q8_0)
        timeout 20 "$GAUGEBLOCK" $verb "${words[@]}" >stdout.txt 2>stderr.txt
        local status=$?
        [ $status = 2 ] || fail "$verb $file: exit $status instead of 2 ($(cat stderr.txt))"
        [ ! -s stdout.txt ] || fail "$verb $file: text on standard output"
        [ "$(wc -l <stderr.txt)" = 1 ] || fail "$verb $file: not one line: $(cat stderr.txt)"
        grep -qF -e "$file" stderr.txt || fail "$verb $file: the message does not name it: $(cat stderr.txt)"
        grep -qF -e "$reason" stderr.txt || fail "$verb $file: no '$reason' in: $(cat stderr.txt)"
        [ ! -e out.gguf ] || fail "$verb $file: wrote a file"
    done
}

# patch OFFSET BYTES (printf escapes): a copy of the model with bytes changed
patch() {
    cp "$model" patched.gguf
    printf "$2" | dd of=patched.gguf bs=1 seek="$1" conv=notrunc status=none
}

reject missing.gguf "No such file"
mkdir folder && reject folder "directory"
: >empty.gguf && reject empty.gguf "empty"
mkfifo pipe && reject pipe "pipe"
reject /dev/zero "device"
echo "not a model at all" >text.gguf && reject text.gguf "not a GGUF file"
cp "$model" unreadable.gguf && chmod 0 unreadable.gguf
[ -r unreadable.gguf ] || reject unreadable.gguf "Permission denied"
for size in 1 4 7 8 23 24 25 100 1000 100000 130768 130784 2000000 8528576; do
    head -c $size "$model" >cut.gguf && reject cut.gguf "offset"
done
{ cat "$model" && printf x; } >long.gguf && reject long.gguf "1 bytes after the last tensor"
patch 0 'GGJT' && reject patched.gguf "magic"
patch 4 '\000\000\000\003' && reject patched.gguf "big-endian"
patch 4 '\002' && reject patched.gguf "version 2"
patch 4 '\004' && reject patched.gguf "version 4"
patch 8 '\000\000\000\000\000\000\000\200' && reject patched.gguf "tensors cannot be described"
patch 16 '\377\377\377\377\377\377\377\377' && reject patched.gguf "keys cannot lie"
patch 24 '\000\000\000\000\000\000\000\177' && reject patched.gguf "is said to have"
# a NaN weight: found when the data is read, so info (header only) accepts it and quantize does not
patch 130786 '\377\177'
"$GAUGEBLOCK" info patched.gguf >/dev/null || fail "info reads no data"
"$GAUGEBLOCK" quantize patched.gguf out.gguf Q8_0 >stdout.txt 2>stderr.txt
[ $? = 2 ] || fail "a NaN weight was quantized"
grep -q "token_embd.weight.*element 1 " stderr.txt || fail "NaN: $(cat stderr.txt)"
[ ! -e out.gguf ] || fail "NaN: wrote a file"

[ $failures = 0 ] || exit 1
echo "cli_bad_input: ok"
