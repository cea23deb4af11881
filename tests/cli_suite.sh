#!/bin/bash
# The suite's own scripts: what they leave out must be heard of. Each check stands for tests or rows that once could drop out unnoticed.
set -u
: "${GAUGEBLOCK:?names the binary to test}"
tests=$(cd "$(dirname "$0")" && pwd)
scripts=$tests/../scripts
. "$scripts/ctest.sh"
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

# --- without objdump the instructions would go unseen
mkdir bin
ln -s /usr/bin/* bin
rm -f bin/*objdump
if [ "$(uname -m)" = x86_64 ]; then
    PATH=$dir/bin GB_SANITIZED='' bash "$tests/cli_isa_leak.sh" >message && fail 'cli_isa_leak passes without objdump'
    grep -q 'install binutils' message || fail "cli_isa_leak names no package: $(head -n 1 message)"
fi
PATH=$dir/bin "$scripts/verify-aarch64.sh" "$GAUGEBLOCK" >message && fail 'verify-aarch64.sh passes without objdump'
grep -q 'install binutils-aarch64' message || fail "verify-aarch64.sh names no package: $(head -n 1 message)"

exit $((failures > 0))
