# Functions of the command line tests that compare outputs; to be sourced. $work is a directory of the test's own, which
# goes when it ends; $failed becomes its exit status.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
problem() { printf 'FAILED %s\n' "$*"; failed=1; }
check() { # description, expected, found
    [ "$2" = "$3" ] || problem "$1"$'\n  expected: '"$2"$'\n  found:    '"$3"
}
has() { # description, part, whole
    case $3 in *"$2"*) ;; *) problem "$1: no '$2' in: ${3:0:2000}" ;; esac
}
lacks() { case $3 in *"$2"*) problem "$1: '$2' in: ${3:0:2000}" ;; esac; }
refuse() { # what the message must have, words
    local wanted=$1 message
    shift
    message=$("$GAUGEBLOCK" "$@" 2>&1 >/dev/null </dev/null)
    check "status of: $*" 2 $?
    has "message of: $*" "$wanted" "$message"
}
