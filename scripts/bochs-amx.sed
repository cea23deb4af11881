# What Bochs (commit 783b58fd, of August 2026) lacks of AMX, found by the Intel SDM and by a Linux kernel that does not boot without it.
# In its folder `bochs`: sed -i -s -f bochs-amx.sed cpu/avx/amx.cc cpu/xsave.cc cpu/cpuid.cc cpu/crregs.cc \
#                                               cpu/decoder/ia_opcodes_evex.def

# TDPBSSD, TDPBSUD and TDPBUSD extend all bytes with zeros.
/ DPBDS[SU](/,/^}/ { /xbyte\[4\]/ s/Bit8u/Bit8s/g
}
/ DPBD[SU]S(/,/^}/ { /ybyte\[4\]/ s/Bit8u/Bit8s/g
}

# Context switches: rows and bytes of a row are exchanged in the saved configuration, half of the rows are left out, and tiles count as
# in use if they are not.
/::xsave_tilecfg_state(/,/^}/ {
  /vmm16u(8+n)/ s/\.rows/.bytes_per_row/
  /vmmubyte(48+n)/ s/\.bytes_per_row/.rows/
}
s/row < BX_TILE_REGISTERS/row < BX_TILE_MAX_ROWS/
s/(BX_CPU_THIS_PTR amx->tile_use_tracker == 0)/BX_CPU_THIS_PTR amx->tile_use_tracker != 0 \&\& ! BX_CPU_THIS_PTR msrs[BX_MSR_IA32_XFD]->val64/

# There is no XFD, without which Linux gives no permission for tiles: CPUID tells of it; what uses tiles while it is set is #NM. The two
# MSRs are lines of a file (option msrs).
s/leaf->eax |= (1<<3);/leaf->eax |= (1<<3) | (1<<4);/
/XTILEDATA_BIT\]\.attr/ s/BX_XSAVE_ALIGN64/BX_XSAVE_ALIGN64 | BX_XSAVE_XFD_SUPPORT/
s/#include "amx\.h"/&\n#include "msr.h"/
/::check_tile(\|::TILEZERO_/,/^{/ s/^{/{\
  if (BX_CPU_THIS_PTR msrs[BX_MSR_IA32_XFD]->val64) {\
    BX_CPU_THIS_PTR msrs[BX_MSR_IA32_XFD_ERROR]->val64 = BX_CPU_THIS_PTR msrs[BX_MSR_IA32_XFD]->val64;\
    exception(BX_NM_EXCEPTION, 0);\
  }/

# A displacement of eight bits of VPINSRB (EVEX) counts words instead of bytes.
/BX_IA_EVEX_VPINSRB_VdqEbIb/ s/OP_Ew/OP_Eb/
