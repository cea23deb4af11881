#!/usr/bin/env bash
# The whole test suite. Builds with gcc, clang, ASan+UBSan and (cross) for AArch64, runs the tests of each, then compares the
# logits hash across compilers and architectures. Closes with one line: "N passed, N failed".
#   scripts/check.sh [--all] [gcc] [clang] [asan] [aarch64]     (no names: all four)
set -uo pipefail
cd "$(dirname "$0")/.."
long=0
parts=()
for word in "$@"; do
  case "$word" in
    --all) long=1; export GB_TEST_ALL=1 ;;
    gcc|clang|asan|aarch64) parts+=("$word") ;;
    *) echo "check.sh: unknown word '$word'" >&2; exit 2 ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(gcc clang asan aarch64)
scripts/install-deps.sh --clang --arm64 || exit 2

passed=0
failed=0
skipped=0
failures=()
. scripts/ctest.sh
. scripts/rows.sh
rm -rf build/verified
mkdir -p build/verified
export GB_VERIFIED=$PWD/build/verified # for verified_rows
# Tests that may be skipped: the expected bytes of ggml lie beside the project; the instructions and stand-ins are x86's.
may_skip=(test_golden_ggml)
[ "$(uname -m)" = x86_64 ] || may_skip+=(cli_isa_leak cli_standin)
has() { printf '%s\n' "${parts[@]}" | grep -qx "$1"; }

# Builds one preset and runs its ctest; counts come from ctest's own summary of each test.
run_tests() { # name preset ["build-only" | tests...]
  local from=$SECONDS
  echo "== $1: build"
  if ! { cmake --preset "$2" >"build/$2.configure.log" 2>&1 && cmake --build "build/$2" >"build/$2.build.log" 2>&1; }; then
    tail -n 30 "build/$2.configure.log" "build/$2.build.log"
    failed=$((failed + 1)); failures+=("$1: build")
    return 1
  fi
  echo "   $((SECONDS - from)) s"
  [ "${3:-}" = "build-only" ] && return 0
  from=$SECONDS
  echo "== $1: tests"
  local log="build/$2.test.log"
  step "$1: names of tests" are_tests "build/$2" "${may_skip[@]}" "${@:3}"
  local some=()
  [ $# -gt 2 ] && some=(-R "^($(IFS='|'; echo "${*:3}"))\$")
  ctest --test-dir "build/$2" --output-on-failure -j "$(nproc)" "${some[@]}" >"$log" 2>&1
  grep -E '^ *[0-9]+/[0-9]+ Test' "$log"
  local ok bad
  ok=$(grep -cE '^ *[0-9]+/[0-9]+ Test .* Passed ' "$log")
  echo "   $((SECONDS - from)) s"
  local skip
  skip=$(grep -cE '^ *[0-9]+/[0-9]+ Test .*\*\*\*Skipped' "$log")
  bad=$(($(grep -cE '^ *[0-9]+/[0-9]+ Test .*\*\*\*' "$log") - skip))
  local name
  for name in $(wrongly_skipped "$log" "${may_skip[@]}"); do
    echo "FAILED: $name was skipped"
    skip=$((skip - 1)) bad=$((bad + 1))
  done
  skipped=$((skipped + skip))
  if [ "$((ok + bad))" -eq 0 ]; then bad=1; fi # no test ran: that is a failure too
  passed=$((passed + ok)); failed=$((failed + bad))
  if [ "$bad" -gt 0 ]; then
    failures+=("$1: $bad tests, see $log")
    grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed ' "$log" | tail -n 80
  fi
}

# One command as one test.
step() { # name command...
  local name=$1 from=$SECONDS; shift
  if "$@"; then passed=$((passed + 1)); echo "ok: $name ($((SECONDS - from)) s)"
  else failed=$((failed + 1)); failures+=("$name"); echo "FAILED: $name"; fi
}

if has gcc; then run_tests gcc release; fi
if has gcc; then step "perplexity agrees with llama.cpp" scripts/check-perplexity.sh build/release/gaugeblock; fi
if has gcc; then
  step "x86-64: verify on lesser CPUs under qemu" scripts/verify-x86.sh $([ "$long" = 1 ] && echo --all) build/release/gaugeblock
fi
if has gcc && [ "$long" = 1 ]; then
  step "verify, every domain small enough to walk" build/release/gaugeblock verify --exhaustive
fi
# of another compiler's program what a compiler can change: kernels, floats, hashes; all of it with --all
computed=(test_verify test_golden test_golden_ggml test_exact_products test_engine test_quantize test_foreign test_foreign_gguf
  test_foreign_pages test_iquants test_scale8 test_tiles test_cpu test_absent test_rng test_stats
  cli_verify cli_standin cli_check cli_codec cli_isa_leak cli_symbols)
if has clang; then
  [ "$long" = 1 ] && computed=()
  run_tests clang clang "${computed[@]}"
fi
# instrumented: in nobody's program, and no plain one links it; no stand-ins are built
may_skip+=(cli_isa_leak cli_install cli_standin)
if has asan; then run_tests "sanitizers" asan; fi
if has aarch64 && run_tests aarch64 aarch64-qemu build-only; then
  step "aarch64: verify under qemu" scripts/verify-aarch64.sh $([ "$long" = 1 ] && echo --all) build/aarch64-qemu/gaugeblock
fi
if has gcc; then
  programs=(build/release/gaugeblock)
  [ -x build/release/tests/gaugeblock_standin ] && programs+=(build/release/tests/gaugeblock_standin)
  has clang && programs+=(build/clang/gaugeblock)
  has aarch64 && programs+=(build/aarch64-qemu/gaugeblock)
  step "one hash: every format, tier and type of KV cache" scripts/one-hash.sh $([ "$long" = 1 ] && echo --all) "${programs[@]}"
fi
if has gcc && has clang && has aarch64; then
  step "golden digests: gcc, clang, aarch64, -O0 and -O3" scripts/same-digests.sh --O0 gcc --O0 clang --O0 aarch64 \
    build/{release,clang,aarch64-qemu}/tests/golden_digests
fi
step "style: clang-format" scripts/check-style.sh
if has gcc; then
  quick=--quick
  [ "$long" = 1 ] && quick=
  step "clang-tidy" scripts/tidy.sh $quick release
fi

verified_rows
for f in "${failures[@]:-}"; do [ -n "$f" ] && echo "failed: $f"; done
echo "$((SECONDS / 60)) min $((SECONDS % 60)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
