#!/bin/bash
# Configure refuses a kernel file without a row and a row without its file, also for another architecture: a forgotten
# registration would otherwise be a kernel that is never verified.
set -u
command -v cmake >/dev/null || exit 77
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
copy=$work/tree
mkdir "$copy"
cp -r "$here"/{CMakeLists.txt,cmake,kernels,reference,harness,verify,bench,model,results,report,cli} "$copy"
mkdir "$copy/tests" && : >"$copy/tests/CMakeLists.txt"
configure() { cmake -S "$copy" -B "$work/build" 2>&1 | tr -s ' \n' ' '; }
expect() { # description, text
    local out
    out=$(configure)
    case $out in *"$2"*) ;; *) printf 'FAILED %s: no "%s" in:\n%s\n' "$1" "$2" "${out: -600}"; failed=1 ;; esac
}
expect 'an intact tree' 'Configuring done'
echo '/* no row */' >"$copy/kernels/avx2/stray.c"
expect 'a file without a row' 'kernels/avx2/stray.c'
rm "$copy/kernels/avx2/stray.c"
mv "$copy/kernels/neon/q8_0.c" "$work/kept"
expect 'a row without its file' 'kernels/neon/q8_0.c'
mv "$work/kept" "$copy/kernels/neon/q8_0.c"
echo 'GB_KERNEL(q8_0, dot, sse9, q8_0)' >>"$copy/kernels/kernels.def"
expect 'a row of an unknown ISA' "names the ISA 'sse9'"
exit $failed
