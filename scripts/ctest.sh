# To be sourced. What ctest does not complain of: tests that are skipped, and names that select nothing.

# The skipped tests in a log of ctest, but for those that may be.
wrongly_skipped() { # log tests-that-may-be...
  local log=$1
  shift
  sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([A-Za-z0-9_]+) .*\*\*\*Skipped.*/\1/p' "$log" | grep -vxF -e '' "${@/#/-e}"
}

# Is each name that of exactly one test? A renamed test would drop out of a selection and nobody would know.
are_tests() { # folder-of-the-build names...
  local name tests status=0
  tests=$(ctest --test-dir "$1" -N | sed -nE 's/^ *Test +#[0-9]+: ([A-Za-z0-9_]+)$/\1/p')
  shift
  for name in "$@"; do
    [ "$(grep -cx -- "$name" <<<"$tests")" -eq 1 ] || { echo "FAILED: no test, or several, of the name $name"; status=1; }
  done
  return $status
}
