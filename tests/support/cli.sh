# Functions of the command line tests; to be sourced. The test runs in a directory of its own, which goes when it ends.
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0
fail() { echo "FAIL: $*"; failures=$((failures + 1)); }

# refuse WORDS -- command: exit status 2 and every word in the message, nothing on standard output
refuse() {
    local words=()
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    "$@" >stdout.txt 2>stderr.txt
    local status=$?
    [ $status = 2 ] || fail "exit $status instead of 2: $*"
    [ ! -s stdout.txt ] || fail "text on standard output: $*"
    for word in "${words[@]}"; do
        grep -qF -e "$word" stderr.txt || fail "no '$word' in the message of: $* ($(cat stderr.txt))"
    done
    rm -f stdout.txt stderr.txt
}
only() { [ "$(ls -A | sort | tr '\n' ' ')" = "$*" ] || fail "files left: $(ls -A), expected: $*"; }
