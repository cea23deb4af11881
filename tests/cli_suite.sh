#!/bin/bash
# The suite's own scripts: what they leave out must be heard of. Each check stands for tests or rows that once could drop out unnoticed.
set -u
: "${GAUGEBLOCK:?names the binary to test}"
tests=$(cd "$(dirname "$0")" && pwd)
scripts=$tests/../scripts
. "$scripts/ctest.sh"
. "$scripts/rows.sh"
. "$tests/support/cli.sh"

# --- a test that is skipped without leave
cat >log <<'END'
 1/3 Test  #7: cli_isa_leak .....................***Skipped   0.01 sec
 2/3 Test #12: test_golden_ggml .................***Skipped   0.00 sec
 3/3 Test  #3: test_verify ......................   Passed    1.00 sec
END
[ "$(wrongly_skipped log test_golden_ggml)" = cli_isa_leak ] || fail "wrongly_skipped: $(wrongly_skipped log test_golden_ggml)"
[ -z "$(wrongly_skipped log test_golden_ggml cli_isa_leak)" ] || fail 'wrongly_skipped: what may be skipped'

# --- a name that no test has any more
build=$(dirname "$GAUGEBLOCK")
are_tests "$build" test_verify cli_suite || fail 'are_tests: names of tests'
are_tests "$build" test_verify test_verif >message && fail 'are_tests: the beginning of a name passes'
grep -q 'test_verif$' message || fail "are_tests does not name it: $(cat message)"

# --- rows by the best way in which they were verified
GB_VERIFIED=$dir/verified
mkdir "$GB_VERIFIED"
printf 'gb_f32_add_%s OK 3 cases\n' scalar sse41 | note_rows emulated
printf 'gb_f32_add_%s\n' 'scalar OK 3 cases' 'avx2 FAIL n=3' 'avx512 SKIP(this CPU lacks it)' | note_rows natively
printf 'gb_q8_0_gemm_%s OK 3 cases (stand-in)\n' avxvnni amx_int8 | note_rows stand-in
verified_rows >table
rows() { grep -c "^GB_KERNEL(.*$1," "$rows_kernels/kernels.def"; }
counted() { # tier natively emulated stand-in
    local all
    all=$(rows "${1/all tiers/}")
    grep -Eq "^$1 +$2 +$3 +$4 +$((all - $2 - $3 - $4)) +$all\$" table || fail "verified_rows: not $*, of $all: $(cat table)"
}
counted scalar 1 0 0
counted sse41 0 1 0
counted avx2 0 0 0
counted avxvnni 0 0 1
counted amx_int8 0 0 1
counted 'all tiers' 1 1 2
unset GB_VERIFIED

# --- without objdump the instructions would go unseen
mkdir bin few
ln -s /usr/bin/* bin
rm -f bin/*objdump
if [ "$(uname -m)" = x86_64 ]; then
    PATH=$dir/bin GB_SANITIZED='' bash "$tests/cli_isa_leak.sh" >message && fail 'cli_isa_leak passes without objdump'
    grep -q 'install binutils' message || fail "cli_isa_leak names no package: $(head -n 1 message)"
fi
PATH=$dir/bin "$scripts/verify-aarch64.sh" "$GAUGEBLOCK" >message && fail 'verify-aarch64.sh passes without objdump'
grep -q 'install binutils-aarch64' message || fail "verify-aarch64.sh names no package: $(head -n 1 message)"

# --- every operation on every AArch64 CPU; a qemu that only writes down what it is asked
printf '#!/bin/sh\necho "$@" >>%s/asked\nexit 1\n' "$dir" >few/qemu-aarch64
printf '#!/bin/sh\n' >few/aarch64-linux-gnu-objdump
chmod +x few/*
for all in '' ${GB_TEST_ALL:+--all}; do
    : >asked
    PATH=$dir/few:$PATH "$scripts/verify-aarch64.sh" $all "$GAUGEBLOCK" >message && fail 'verify-aarch64.sh passes, whatever qemu says'
    for cpu in max neoverse-n1 cortex-a53; do
        for op in $(operations); do
            grep -q -- "^-cpu $cpu .* --op $op\b" asked || fail "verify-aarch64.sh $all: no $op on $cpu"
            [ -z "$all" ] || ! grep -q -- "^-cpu $cpu .* --op $op .*--format" asked || fail "verify-aarch64.sh --all: only some of $op on $cpu"
        done
    done
done

exit $((failures > 0))
