#!/usr/bin/env bash
# Runs the rows of amx_int8 and avxvnni with their instructions on any machine: Bochs, an emulator of whole PCs, boots a Linux kernel on a
# Sapphire Rapids, so that CPUID, XCR0 and the permission for tiles are answered as on one. First without these features: the
# rows must be skipped for that reason. What each answers is compared row for row (scripts/rows.sh). Time under emulation means nothing.
#   BOCHS=.../bochs KERNEL=.../vmlinuz scripts/verify-bochs.sh BINARY [FORMAT...]     formats: all of them
#     BOCHS    Bochs with scripts/bochs-amx.sed, built as docs/amx.md says; its BIOS beside it in bios/, or in BXSHARE
#     KERNEL   of x86-64 Linux 5.16 or later, with a serial console and compressed initramfs: linux-image-cloud-amd64 of Debian 12 is one
#     SYSLINUX where ISOLINUX/ and syslinux/ are, if not /usr/lib;  LIMIT  seconds a machine may run (3600);  KEEP=1  leaves its files
set -uo pipefail
[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
binary=$1
shift
formats=("$@")
here=$(dirname "$0")
. "$here/rows.sh"

complain() { echo "verify-bochs.sh: $*" >&2; exit 2; }
[ -x "${BOCHS:-}" ] || complain "BOCHS does not name the program bochs (docs/amx.md: how to build it)"
[ -r "${KERNEL:-}" ] || complain "KERNEL does not name a readable Linux kernel (vmlinuz)"
share=${BXSHARE:-$(dirname "$(realpath "$BOCHS")")/bios}
vga=$(find "$share" -name 'VGABIOS-lgpl-latest.bin' 2>/dev/null | head -n 1)
[ -r "$share/BIOS-bochs-latest" ] && [ -r "$vga" ] || complain "no BIOS-bochs-latest and VGABIOS-lgpl-latest.bin in $share (BXSHARE)"
loader=${SYSLINUX:-/usr/lib}
for need in "$loader/ISOLINUX/isolinux.bin" "$loader/syslinux/modules/bios/ldlinux.c32"; do
  [ -r "$need" ] || complain "no $need (Debian: packages isolinux and syslinux-common; SYSLINUX)"
done
for need in cc cpio genisoimage; do command -v "$need" >/dev/null || complain "no $need"; done

work=$(mktemp -d) || exit 1
if [ -n "${KEEP:-}" ]; then echo "files: $work"; else trap 'rm -rf "$work"' EXIT; fi

make_root() {
  mkdir -p "$work/root/bin" "$work/root/proc" "$work/root/sys" "$work/root/dev" "$work/root/tmp" &&
    cp "$binary" "$work/root/bin/gaugeblock" && cc -static -O1 -o "$work/root/init" "$here/bochs-init.c" || return 1
  local library
  ldd "$binary" | grep -oE '/[^ ]+' | while read -r library; do
    mkdir -p "$work/root/$(dirname "$library")" && cp -L "$library" "$work/root/$library" || return 1
  done
}

# Boots with the commands of standard input; what they print is in $work/out.
boot() { # name cpu-options
  local dir=$work/pc
  rm -rf "$dir" && mkdir -p "$dir/iso" && cat >"$work/root/commands" &&
    (cd "$work/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$dir/iso/initrd" &&
    cp "$KERNEL" "$dir/iso/kernel" &&
    cp "$loader/ISOLINUX/isolinux.bin" "$loader/syslinux/modules/bios/ldlinux.c32" "$dir/iso" || return 1
  printf '%s\n' 'default linux' 'label linux' 'kernel /kernel' \
    'append initrd=/initrd console=ttyS0,115200 quiet loglevel=0 mitigations=off nokaslr panic=-1' >"$dir/iso/isolinux.cfg"
  genisoimage -quiet -o "$dir/boot.iso" -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$dir/iso" ||
    return 1
  # MISC_ENABLE with fast strings, without which Linux mixes two ways of copying; XFD and XFD_ERR
  printf '%s 0 00000000 %s 00000000 00000000 00000000 00000000\n' 0x1a0 00000001 0x1c4 00000000 0x1c5 00000000 >"$dir/msrs"
  printf '%s\n' "cpu: model=sapphire_rapids, ips=50000000, cpuid_freq=ips, reset_on_triple_fault=0, msrs=\"$dir/msrs\"$2" \
    'megs: 1024' "romimage: file=$share/BIOS-bochs-latest" "vgaromimage: file=$vga" 'boot: cdrom' \
    "ata0-master: type=cdrom, path=$dir/boot.iso, status=inserted" "com1: enabled=1, mode=file, dev=$dir/serial" \
    'display_library: nogui' 'clock: sync=none' 'panic: action=fatal' "log: $dir/log" >"$dir/bochsrc"
  timeout "${LIMIT:-3600}" "$BOCHS" -q -f "$dir/bochsrc" >"$dir/bochs" 2>&1 # its status says nothing: 1 after a shutdown, too
  tr -d '\r' <"$dir/serial" | sed -n '/^run: /,/^end$/p' >"$work/out"
  grep -q '^end$' "$work/out" && return
  echo "$1: the machine did not come to its end:"
  tail -n 5 "$dir/serial" "$dir/bochs"
  grep '>>PANIC<<' "$dir/log"
  return 1
}

# The rows of both tiers on a machine with these features.
check() { # name features cpu-options
  local name=$1 features=$2 isa format want difference commands=()
  for isa in amx_int8 avxvnni; do
    for format in "${formats[@]:-}"; do commands+=("--isa $isa${format:+ --format $format}"); done
  done
  { echo '/bin/gaugeblock list isas'; printf '/bin/gaugeblock verify --quick %s\n' "${commands[@]}"; } | boot "$name" "$3" || return 1
  # shellcheck disable=SC2086 # words
  want=$(for isa in "${commands[@]}"; do expected_rows x86_64 "$features" $isa; done)
  grep -E '^(amx_int8|avxvnni) ' "$work/out"
  if ! difference=$(diff <(echo "$want") <(actual_rows <"$work/out")); then
    echo "$name: not the rows that are expected (<) but these (>):"
    head -n 40 <<<"$difference"
    grep -A 2 ' FAIL ' "$work/out" | head -n 20
    return 1
  fi
  if [ "$(grep -c '^exit: 0$' "$work/out")" -ne $((${#commands[@]} + 1)) ]; then
    echo "$name: the expected rows, but:"
    grep -B 1 '^exit: [^0]' "$work/out"
    return 1
  fi
  echo "$name: $(grep -c ' OK$' <<<"$want") ok, $(grep -vc ' OK$' <<<"$want") skipped for the expected reason"
}

make_root || exit 1
features="SSE41 AVX2 FMA F16C AVX512 AVX512_VNNI AVX512_VBMI"
check "without AMX and AVX-VNNI" "$features" ', exclude_features="amx,amx_int8,amx_bf16,avx_vnni"' &&
  check "with AMX and AVX-VNNI" "$features AVX_VNNI AMX_INT8 AMX_PERMISSION" ''
