#!/usr/bin/env bash
# gaugeblock codec as a user runs it: known bytes, all forms, all errors, and the same bytes on every instruction set.
set -u
: "${GAUGEBLOCK:?names the binary to test}"
"$GAUGEBLOCK" help > /dev/null || { echo "FAIL: $GAUGEBLOCK does not run"; exit 1; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

fail() {
    echo "FAIL: $*"
    failed=1
}

same() { # same NAME FILE FILE
    cmp -s "$2" "$3" || fail "$1: $2 and $3 differ: $(cmp "$2" "$3" 2>&1)"
}

# refuses WORDS ARGUMENTS...: exit 2, nothing on stdout, the words in the message
refuses() {
    local words=$1
    shift
    "$GAUGEBLOCK" codec "$@" > out 2> message < "${input:-/dev/null}"
    local status=$?
    [ $status -eq 2 ] || fail "codec $*: exit $status, expected 2"
    [ ! -s out ] || fail "codec $*: wrote output beside its error"
    grep -q -- "$words" message || fail "codec $*: '$(cat message)' does not say '$words'"
}

codec() {
    "$GAUGEBLOCK" codec "$@" || fail "codec $*: exit $?"
}

repeat() { # repeat COUNT BYTES-AS-PRINTF
    local i
    for ((i = 0; i < $1; i++)); do printf "$2"; done
}

# --- known bytes: one q8_0 block. 127 makes d = 1, so the codes are the numbers; 0.5 and -2.5 round away from zero
{
    printf '\x00\x00\xfe\x42'  # 127
    printf '\x00\x00\x80\x3f'  # 1
    printf '\x00\x00\x00\xc0'  # -2
    printf '\x00\x00\x00\x3f'  # 0.5
    printf '\x00\x00\x20\xc0'  # -2.5
    repeat 27 '\x00\x00\x00\x00'
} > x.f32
{
    printf '\x00\x3c\x7f\x01\xfe\x01\xfd'
    repeat 27 '\x00'
} > want.q8_0
codec encode --format q8_0 --row 32 < x.f32 > got.q8_0
same "q8_0 encode" got.q8_0 want.q8_0
codec encode --format Q8_0 --row 32 --isa reference < x.f32 > got.q8_0
same "q8_0 encode, name in capitals, reference" got.q8_0 want.q8_0
codec act --format q4_0 --row 32 < x.f32 > got.act
same "the partner of q4_0 is q8_0" got.act want.q8_0
{
    printf '\x00\x00\xfe\x42\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x80\x3f\x00\x00\x40\xc0'
    repeat 27 '\x00\x00\x00\x00'
} > want.f32
codec decode --format q8_0 --row 32 < want.q8_0 > got.f32
same "q8_0 decode" got.f32 want.f32
# 127^2 + 1 + 4 + 1 + 9 = 16144 = 0x467c4000, and twice for two rows
cat want.q8_0 want.q8_0 > two.q8_0
printf '\x00\x40\x7c\x46\x00\x40\x7c\x46' > want.y
codec dot --format q8_0 --row 32 --weights two.q8_0 --act x.f32 > got.y
same "q8_0 dot, two rows" got.y want.y

# f16 and bf16: 1, -2, 65520 (rounds to infinity in f16), 2^-24
printf '\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\xf0\x7f\x47\x00\x00\x80\x33' > x4.f32
printf '\x00\x3c\x00\xc0\x00\x7c\x01\x00' > want.f16
printf '\x80\x3f\x00\xc0\x80\x47\x80\x33' > want.bf16
codec encode --format f16 --row 4 < x4.f32 > got.f16
codec encode --format bf16 --row 2 < x4.f32 > got.bf16
codec encode --format f32 --row 1 < x4.f32 > got.copy
same "f16 encode" got.f16 want.f16
same "bf16 encode, two rows" got.bf16 want.bf16
same "f32 encode is a copy" got.copy x4.f32

# q4_0: the largest is -8, so d = 1 and code = x + 8
{
    printf '\x00\x00\x00\xc1\x00\x00\xe0\x40' # -8 7
    repeat 30 '\x00\x00\x00\x00'
} > x.f32
{
    printf '\x00\x3c\x80\x8f'
    repeat 14 '\x88'
} > want.q4_0
codec encode --format q4_0 --row 32 < x.f32 > got.q4_0
same "q4_0 encode" got.q4_0 want.q4_0
codec decode --format q4_0 --row 32 < got.q4_0 > got.f32
same "q4_0 round trip" got.f32 x.f32

# --- every format, operation and instruction set: the bytes of the reference
# 8 rows of 512 elements: readable text is a fine row of f16 numbers
seq 10000 12000 | head -c 8192 > text.f16
codec decode --format f16 --row 512 --isa reference < text.f16 > w.f32
head -c 2048 w.f32 > one.f32
tail -c 2048 w.f32 > imatrix.f32
isas=$("$GAUGEBLOCK" list isas | awk '$3 == "supported" { print $1 }')
[ -n "$isas" ] || fail "list isas shows nothing supported"
# under sanitizers a process takes ten times as long, and test_verify has every tier's kernels: one tier shows codec's own code
[ -n "${GB_SANITIZED:-}" ] && [ -z "${GB_TEST_ALL:-}" ] && isas=
for format in $("$GAUGEBLOCK" list formats --json | sed -n 's/.*"name":[[:space:]]*"\([^"]*\)".*/\1/p'); do
    [ $format = i32 ] && continue # data, not blocks
    case $format in iq1_s | iq2_xxs | iq2_xs) needed="--imatrix imatrix.f32" ;; *) needed="" ;; esac
    for isa in reference auto $isas; do
        codec encode --format $format --row 512 --isa $isa $needed < w.f32 > $isa.blocks
        codec decode --format $format --row 512 --isa $isa < reference.blocks > $isa.f32
        codec act --format $format --row 512 --isa $isa < one.f32 > $isa.act
        for kind in blocks f32 act; do same "$format $kind on $isa" $isa.$kind reference.$kind; done
        [[ $format == q8_[1K] ]] && continue
        codec encode --format $format --row 512 --imatrix imatrix.f32 --isa $isa < w.f32 > $isa.weighted
        codec dot --format $format --row 512 --weights reference.blocks --act one.f32 --isa $isa > $isa.y
        same "$format weighted on $isa" $isa.weighted reference.weighted
        same "$format dot on $isa" $isa.y reference.y
        [ "$(wc -c < $isa.y)" -eq 32 ] || fail "$format dot: 8 rows gave $(wc -c < $isa.y) bytes"
    done
done
codec act --format q4_K --row 512 < one.f32 > partner
codec encode --format q8_K --row 512 < one.f32 > own
same "the partner of q4_K is q8_K" partner own

# --- --compat ggml: other bytes for iq3_s only, and only where a sub-block of 32 is zero
tail -c +129 one.f32 | head -c 896 > most.f32 # 224 elements
{
    cat most.f32
    repeat 32 '\x00\x00\x00\x00'
} > last.f32
{
    repeat 32 '\x00\x00\x00\x00'
    cat most.f32
} > first.f32
for format in iq3_s iq3_xxs q4_K; do
    for where in last first; do
        codec encode --format $format --row 256 < $where.f32 > $where.ours
        codec encode --format $format --row 256 --compat ggml < $where.f32 > $where.ggml
    done
    same "$format, nothing after the zeros" last.ours last.ggml
    [ $format = iq3_s ] || same "$format, zeros first" first.ours first.ggml
    [ $format = iq3_s ] && cmp -s first.ours first.ggml && fail "--compat ggml changes nothing of iq3_s"
done

# --- errors
input=x.f32
refuses "not a multiple of the 32" encode --format q8_0 --row 33
refuses "unknown format" encode --format q9_9 --row 32
refuses "needs --format" encode --row 32
refuses "needs --row" encode --format q8_0
refuses "expected a number" encode --format q8_0 --row 0
refuses "expected a whole number" encode --format q8_0 --row 32x
refuses "unknown action" transmogrify --format q8_0 --row 32
refuses "expected encode, decode" --format q8_0 --row 32
refuses "unexpected argument" encode file --format q8_0 --row 32
refuses "unknown or lacks" encode --format q8_0 --row 32 --colour
refuses "unknown or lacks" encode --format q8_0 --row
refuses "not a whole number of rows" encode --format q8_0 --row 64
refuses "not a whole number of rows" decode --format q8_0 --row 32
refuses "unknown ISA" encode --format q8_0 --row 32 --isa quantum
refuses "not a block format" encode --format i32 --row 32
refuses "activations only" dot --format q8_K --row 256 --weights two.q8_0 --act x.f32
refuses "needs --weights" dot --format q8_0 --row 32 --act x.f32
refuses "needs --act" dot --format q8_0 --row 32 --weights two.q8_0
refuses "no-such-file" dot --format q8_0 --row 32 --weights no-such-file --act x.f32
refuses "expected one row of 32" dot --format q8_0 --row 32 --weights two.q8_0 --act w.f32
refuses "belong to codec dot" encode --format q8_0 --row 32 --act x.f32
refuses "belongs to codec encode" decode --format q8_0 --row 32 --imatrix x.f32
refuses "belongs to codec encode" encode --format q8_K --row 256 --imatrix x.f32
refuses "needs --imatrix" encode --format iq2_xxs --row 256
refuses "expected ggml" encode --format q4_0 --row 32 --compat llama
refuses "belongs to codec encode" decode --format q8_0 --row 32 --compat ggml
refuses "belongs to codec encode" encode --format q8_K --row 256 --compat ggml
refuses "not negative" encode --format q4_0 --row 32 --imatrix x.f32
printf '\x00\x00\xc0\x7f' > nan.f32
refuses "element 0 is nan" encode --format f32 --row 1 --imatrix nan.f32
refuses "expected one row of 32" encode --format q4_0 --row 32 --imatrix w.f32
# explain names every field of every format and shows the numbers of docs/formats/q4_0.md; catches a field table out of step
for format in $("$GAUGEBLOCK" list formats --json | sed -n 's/.*"name":[[:space:]]*"\([^"]*\)".*/\1/p'); do
    [ "$format" = i32 ] && continue # data, not blocks
    head -c 2048 w.f32 | "$GAUGEBLOCK" codec encode --format "$format" --row 512 --imatrix imatrix.f32 2>/dev/null > e.blocks ||
        head -c 2048 w.f32 | codec encode --format "$format" --row 512 > e.blocks
    codec explain --format "$format" --row 512 < e.blocks > e.txt || fail "explain $format"
    grep -q 'x\[  0..\]' e.txt || fail "explain $format shows no elements"
done
printf '\x00\x38\xc0\x1f\x88\x89\x88\x8a\x86\x8e\x88\x88\x88\x88\x88\x88\x88\x88' > page.q4_0
codec explain --format q4_0 < page.q4_0 > e.txt
grep -qE '^ +0 +15 +8 +9 +8 +10 +6 +14' e.txt || fail "explain q4_0: codes of the page"
grep -q 'x\[  0..\] -4 3.5 0 0.5' e.txt || fail "explain q4_0: elements of the page"

input=/dev/null
refuses "is empty" encode --format q8_0 --row 32
GAUGEBLOCK_ISA=quantum refuses "GAUGEBLOCK_ISA" encode --format q8_0 --row 32

exit $failed
