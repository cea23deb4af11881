#!/bin/bash
# Files compiled for the baseline must not hold wide registers or SSSE3 and SSE4.1: an inline function compiled with another tier's flags that
# the linker keeps would crash older CPUs. And every AMX kernel configures and releases its tiles: no other test runs those instructions. x86 only.
set -u
library=$(dirname "$GAUGEBLOCK")/libgaugeblock.a
[ "$(uname -m)" = x86_64 ] || exit 77
[ -n "${GB_SANITIZED:-}" ] && exit 77 # instrumented code is in nobody's program
command -v objdump >/dev/null || { echo "FAILED: no objdump: install binutils"; exit 1; }
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# members of the same name in several folders: take them apart by their symbols
index=0
tiers='scalar|sse41|avx2|avxvnni|avx512|avx512vnni|amx_int8'
objdump -d --no-show-raw-insn "$library" | awk -v dir="$work" '/^[^ ].*file format/ { n++ } n { print > (dir "/" n) }'
for member in "$work"/*; do
    tier=$(grep -oE '<gb_[a-z0-9_K]+_('"$tiers"')>:' "$member" | sed -E 's/.*_('"$tiers"')>:/\1/' | sort -u)
    [ "$(printf '%s' "$tier" | wc -l)" -gt 0 ] && { echo "FAILED: a file holds kernels of several tiers: $tier"; failed=1; }
    tiles=$(grep -cE '\s(ldtilecfg|tile[a-z]+|tdp[a-z]+) ' "$member")
    [ "$tier" = amx_int8 ] || [ "$tiles" -eq 0 ] || { echo "FAILED: tile instructions outside the AMX files, in ${tier:-baseline}"; failed=1; }
    case $tier in
        # every kernel configures its tiles once and lets them go once, and multiplies in between
        amx_int8) kernels=$(grep -cE '<gb_[a-z0-9_K]+_amx_int8>:' "$member")
            for wanted in ldtilecfg tilerelease; do
                [ "$(grep -cE "\s$wanted" "$member")" -eq "$kernels" ] || { echo "FAILED: not one $wanted a kernel in an AMX file"; failed=1; }
            done
            [ "$(grep -cE '\stdpb(ss|su)d ' "$member")" -ge "$kernels" ] || { echo "FAILED: an AMX kernel that multiplies no tiles"; failed=1; } ;;
        avx512vnni) ;;
        avx512) grep -qE '\svpdp(busd|wssd)' "$member" && { echo "FAILED: VNNI in an avx512 file"; failed=1; } ;;
        avxvnni) grep -qE '%zmm[0-9]|%ymm(1[6-9]|[23][0-9])|\{%k[0-7]\}' "$member" && { echo "FAILED: AVX-512 registers in an avxvnni file"; failed=1; }
            # VNNI as AVX-512 encodes it is another instruction
            grep -E '\svpdp(busd|wssd) ' "$member" | grep -qv '{vex}' && { echo "FAILED: AVX-512 VNNI in an avxvnni file"; failed=1; } ;;
        avx2) grep -qE '%zmm[0-9]|\{%k[0-7]\}' "$member" && { echo "FAILED: AVX-512 registers in an avx2 file"; failed=1; } ;;
        sse41) grep -qE '%[yz]mm|\{%k[0-7]\}|\sv[a-z0-9]+ .*%xmm' "$member" && { echo "FAILED: AVX in an sse41 file"; failed=1; } ;;
        *) grep -qE '\s(pshufb|pmaddubsw|psign[bwd]|pabs[bwd]|phadd[wd]|pmov[sz]x[bwdq]+|pblendvb|blendv?p[sd]|pmulld|pminsd|round[ps][sd]|insertps|ptest) ' "$member" &&
               { echo "FAILED: SSSE3 or SSE4.1 in a baseline file:"; grep -m1 'file format' "$member"; failed=1; }
           grep -qE '%[yz]mm[0-9]|\{%k[0-7]\}' "$member" && { echo "FAILED: wide registers in a baseline file:"; grep -m1 'file format' "$member"; failed=1; } ;;
    esac
    index=$((index + 1))
done
[ "$index" -gt 30 ] || { echo "FAILED: only $index files looked at"; failed=1; }
exit $failed
