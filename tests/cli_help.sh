#!/usr/bin/env bash
# What help and the man page say of each other: a verb without a page or a paragraph, an option that only one of them knows.
set -u
: "${GAUGEBLOCK:?names the binary to test}"
man=$(cd "$(dirname "$0")/.." && pwd)/docs/gaugeblock.1
. "$(dirname "$0")/support/cli.sh"

# Options of the page VERB: one a line, "-m --model" where there are two names.
options_of_page() {
    sed -nE 's/^ +((-[a-zA-Z]), +)?(--[a-z][a-z0-9-]*).*/\2 \3/p' "$1.page"
}
# The paragraph VERB of the man page, without roff's escapes.
paragraph() {
    awk -v verb="$1" '/^\.(TP|SH)/ { inside = 0 } /^\.BR? / && $2 == verb { inside = 1 } inside' "$man" | sed 's/\\-/-/g'
}
mentions() { grep -qE -- "(^|[^[:alnum:]-])$1([^[:alnum:]-]|\$)" "$2"; }

verbs=$("$GAUGEBLOCK" help | sed -nE 's/^  ([a-z0-9]+) .*/\1/p')
[ "$(wc -l <<<"$verbs")" = "$(grep -c '^GB_VERB(' "$(dirname "$man")/../cli/verbs.def")" ] || fail "verbs of help: $verbs"
options=0
for verb in $verbs; do
    "$GAUGEBLOCK" help "$verb" >"$verb.page" || fail "help $verb"
    head -n 1 "$verb.page" | grep -q "^usage: gaugeblock $verb" || fail "the page of $verb begins with: $(head -n 1 "$verb.page")"
    paragraph "$verb" >"$verb.man"
    [ -s "$verb.man" ] || fail "the man page has no $verb"
    while read -r short long; do # of an option with one name `long` is empty
        options=$((options + 1))
        mentions "$short" "$verb.man" || { [ -n "$long" ] && mentions "$long" "$verb.man"; } || fail "the man page's $verb lacks $short $long"
    done < <(options_of_page "$verb")
    for option in $(grep -oE -- '(^|[^[:alnum:]-])--[a-z][a-z0-9-]*' "$verb.man" | grep -oE -- '--.*' | sort -u); do
        mentions "$option" "$verb.page" || fail "help $verb lacks $option, which the man page has"
    done
done
[ "$options" -gt 100 ] || fail "only $options options looked at"

[ $failures = 0 ] || exit 1
echo "cli_help: ok"
