# To be sourced. What `verify` must answer on a machine, row for row: kernels.def says which rows there are, isa.def what each
# tier needs, cpu.h how a missing feature is called. What the machine has is the caller's word, not that of kernels/cpu.c: a
# tier that is not found, or a row that is no longer run, is a difference.
rows_kernels=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/kernels

# "symbol OK" or "symbol SKIP(reason)" of every row, in table order.
expected_rows() { # architecture features-separated-by-blanks verify-arguments...
  local arch=$1 features=$2 op= isa= format=
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in --op) op=$2; shift ;; --isa) isa=$2; shift ;; --format) format=$2; shift ;; esac
    shift
  done
  sed -nE -e 's/^ +X\(([A-Z0-9_]+), "([^"]*)"\).*/feature#\1#\2/p' "$rows_kernels/cpu.h" | {
    cat
    sed -nE 's/^GB_ISA\(([a-z0-9_]+), ([a-z0-9_]+), ([^,]*),.*/isa#\1#\2#\3/p' "$rows_kernels/isa.def"
    sed -nE 's/^GB_KERNEL\(([A-Za-z0-9_]+), ([a-z_]+), ([a-z0-9_]+),.*/row#\1#\2#\3/p' "$rows_kernels/kernels.def"
  } | awk -F'#' -v arch="$arch" -v features="$features" -v op="$op" -v isa="$isa" -v format="$format" '
    BEGIN { n = split(features, word, " "); for (i = 1; i <= n; i++) has[word[i]] = 1 }
    $1 == "feature" { order[++count] = $2; text[$2] = $3; next }
    $1 == "isa" {
      if ($3 != "any" && $3 != arch) {
        verdict[$2] = "SKIP(not built: needs " $3 ", this program is for " arch ")"
        next
      }
      list = ""
      for (i = 1; i <= count; i++)
        if (!(order[i] in has) && (" " $4 " ") ~ ("[ |]GB_CPU_" order[i] "[ |]")) list = list (list ? ", " : "") text[order[i]]
      verdict[$2] = list ? "SKIP(this CPU or OS lacks " list ")" : "OK"
      next
    }
    (op == "" || op == $3) && (isa == "" || isa == $4) && (format == "" || format == $2) {
      print "gb_" $2 "_" $3 "_" $4 " " verdict[$4]
    }'
}

# The same of the text that verify printed.
actual_rows() {
  sed -nE -e 's/^(gb_[A-Za-z0-9_]+) +(OK|FAIL) .*/\1 \2/p' -e 's/^(gb_[A-Za-z0-9_]+) +(SKIP\(.*\))$/\1 \2/p'
}

# Do a library's kernels, as it defines them, and the rows for its architecture agree? The function of a row that went stays
# behind, where nothing calls it, and whatever counts rows counts one less.
same_symbols() { # architecture library
  local tiers rows symbols
  command -v nm >/dev/null || { echo "FAILED: no nm: install binutils"; return 1; }
  tiers=$(sed -nE "s/^GB_ISA\(([a-z0-9_]+), (any|$1),.*/\1/p" "$rows_kernels/isa.def" | paste -sd'|')
  rows=$(expected_rows "$1" "" | sed -nE '/SKIP\(not built/d; s/ .*//p' | sort)
  symbols=$(nm --defined-only "$2" | sed -nE "s/^[0-9a-f]+ T (gb_[A-Za-z0-9_]+_($tiers))\$/\1/p" | sort)
  diff <(echo "$rows") <(echo "$symbols") | sed -nE 's/^< /FAILED: a row without its kernel: /p; s/^> /FAILED: a kernel without a row: /p'
  [ -n "$rows" ] && [ "$rows" = "$symbols" ] || return 1
  echo "$(wc -l <<<"$rows") rows, and as many kernels in $2"
}

# This machine by /proc/cpuinfo, in the words of GB_CPU_FEATURES. Of the permission for AMX only the program knows.
machine_features() { # binary
  local flags list=
  flags=" $(sed -nE 's/^(flags|Features)[[:space:]]*: *(.*)/\2/p' /proc/cpuinfo | head -n 1) "
  has_flags() { local flag; for flag in "$@"; do [[ $flags == *" $flag "* ]] || return 1; done; }
  has_flags ssse3 sse4_1 && list+=" SSE41"
  has_flags avx2 && list+=" AVX2"
  has_flags fma && list+=" FMA"
  has_flags f16c && list+=" F16C"
  if has_flags avx512f avx512bw avx512dq avx512vl; then
    list+=" AVX512"
    has_flags avx512_vnni && list+=" AVX512_VNNI"
    has_flags avx512vbmi && list+=" AVX512_VBMI"
  fi
  has_flags avx_vnni && list+=" AVX_VNNI"
  has_flags amx_tile amx_int8 && list+=" AMX_INT8"
  "$1" list isas | grep -q 'lacks.* permission for AMX' || list+=" AMX_PERMISSION"
  has_flags asimd && list+=" NEON"
  has_flags asimddp && list+=" DOTPROD"
  has_flags i8mm && list+=" I8MM"
  echo "$list"
}

# Notes which rows of verify's text are right, for verified_rows, if somebody wants to know: $GB_VERIFIED is a folder.
note_rows() { # natively | emulated | stand-in
  [ -z "${GB_VERIFIED:-}" ] || actual_rows | sed -n 's/ OK$//p' >"$(mktemp "$GB_VERIFIED/$1.XXXXXX")"
}

# How the rows of each tier were verified, of all that the table has; of several ways the first counts.
verified_rows() {
  local how
  {
    sed -nE 's/^GB_ISA\(([a-z0-9_]+),.*/tier \1/p' "$rows_kernels/isa.def"
    for how in natively emulated stand-in; do
      find "$GB_VERIFIED" -name "$how.*" -exec sed "s/^/$how /" {} +
    done
    sed -nE 's/^GB_KERNEL\(([A-Za-z0-9_]+), ([a-z_]+), ([a-z0-9_]+),.*/row gb_\1_\2_\3 \3/p' "$rows_kernels/kernels.def"
  } | awk '
    function show(tier) {
      printf "%-13s %8d %10d %8d %10d %6d\n", tier, n[tier, "natively"], n[tier, "emulated"], n[tier, "stand-in"], n[tier, "not"], n[tier, "of"]
    }
    $1 == "tier" { tier[++tiers] = $2; next }
    $1 != "row" { if (!($2 in how)) how[$2] = $1; next }
    {
      way = $2 in how ? how[$2] : "not"
      n[$3, way]++; n["all tiers", way]++; n[$3, "of"]++; n["all tiers", "of"]++
    }
    END {
      printf "%-13s %8s %10s %8s %10s %6s\n", "rows verified", "natively", "under qemu", "stand-in", "not at all", "of"
      for (i = 1; i <= tiers; i++) show(tier[i])
      show("all tiers")
    }'
}

# Runs verify and compares. `runner` is an array: what runs the binary; `architecture` that of the binary.
check_rows() { # name features verify-arguments...
  local name=$1 features=$2 out want ok difference status=0
  shift 2
  out=$(timeout 1200 "${runner[@]}" "$binary" verify --quick "$@") || status=$?
  want=$(expected_rows "$architecture" "$features" "$@")
  ok=$(grep -c ' OK$' <<<"$want")
  if ! difference=$(diff <(echo "$want") <(actual_rows <<<"$out")); then
    echo "$name: not the rows that are expected (<) but these (>):"
    head -n 40 <<<"$difference"
    grep -A 2 ' FAIL ' <<<"$out" | head -n 20
    return 1
  fi
  [ "$status" -eq 0 ] || { echo "$name: the expected rows, but verify exits with $status"; return 1; }
  if [ ${#runner[@]} -gt 0 ]; then note_rows emulated; else note_rows natively; fi <<<"$out"
  echo "$name: $ok ok, $(($(wc -l <<<"$want") - ok)) skipped, each with its reason"
}

# The operations of the table, those with the most rows first.
operations() { sed -nE 's/^GB_KERNEL\([A-Za-z0-9_]+, ([a-z_]+),.*/\1/p' "$rows_kernels/kernels.def" | sort | uniq -c | sort -rn | awk '{ print $2 }'; }
