#!/bin/bash
# The library as other programs meet it: installed under a prefix of its own, found through pkg-config and through CMake, compiled
# with nothing of the source tree in sight. Catches a header that is not installed, a path of the build tree in the package
# files, a symbol that needs more than libm.
set -u
command -v cmake >/dev/null && command -v pkg-config >/dev/null || exit 77
build=$(cd "$(dirname "${GAUGEBLOCK:?}")" && pwd)
cache=$build/CMakeCache.txt
grep -q '^GB_SANITIZE:BOOL=ON' "$cache" && exit 77 # a plain program cannot link an instrumented library
cc=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$cache")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
check() { # description, command...
    local what=$1; shift
    if ! "$@" >"$work/log" 2>&1; then printf 'FAILED %s:\n%s\n' "$what" "$(tail -n 15 "$work/log")"; failed=1; fi
}
check 'install' cmake --install "$build" --prefix "$work/moved-later"
mv "$work/moved-later" "$work/prefix" # the package files may not remember where they were installed first
prefix=$work/prefix
check 'the program runs' "$prefix/bin/gaugeblock" list formats
check 'the manual page is there' test -s "$prefix/share/man/man1/gaugeblock.1"

mkdir "$work/user" && cd "$work/user" || exit 1
cat >user.c <<'C'
#include <kernels/registry.h>
#include <reference/reference.h>
#include <stdio.h>
int main(void) {
    float x[256], y;
    unsigned char w[sizeof(gb_block_q4_K)], a[sizeof(gb_block_q8_K)];
    gb_cap cap;
    char why[256];
    for (int i = 0; i < 256; i++) x[i] = (float)(i % 16);
    if (gb_cap_from_name("auto", &cap, why, sizeof why) != 0) return 1;
    gb_resolve(GB_FORMAT_q4_K, GB_OP_quantize, &cap).quantize(x, w, 256, NULL);
    gb_resolve(GB_FORMAT_q8_K, GB_OP_quantize_act, &cap).quantize_act(x, a, 256);
    y = gb_resolve(GB_FORMAT_q4_K, GB_OP_dot, &cap).dot(w, a, 256);
    printf("%.1f\n", (double)y);
    return y == gb_ref_q4_K_dot(w, a, 256) ? 0 : 1;
}
C
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name gaugeblock.pc)")
# shellcheck disable=SC2046 # flags are words
check 'compile through pkg-config' "$cc" -std=c11 user.c -o by-pc $(pkg-config --cflags --libs gaugeblock)
check 'run what pkg-config built' ./by-pc
cat >CMakeLists.txt <<'C'
cmake_minimum_required(VERSION 3.22)
project(user C)
find_package(gaugeblock REQUIRED)
add_executable(by-cmake user.c)
target_link_libraries(by-cmake PRIVATE gaugeblock::gaugeblock)
C
check 'configure with find_package' cmake -S . -B b -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc"
check 'build with find_package' cmake --build b
check 'run what CMake built' b/by-cmake
if grep -rIl -e "$build" -e moved-later "$prefix/lib" "$prefix/include" >"$work/log"; then
    printf 'FAILED paths of this machine in: %s\n' "$(cat "$work/log")"; failed=1
fi
exit $failed
