/* The i-quants with grids on NEON, as super-blocks of the K-quants' frame. */
#ifndef GB_NEON_LATTICE_H
#define GB_NEON_LATTICE_H

#include "kernels/lattice.h"
#include "kernels/neon/super.h"

/* Eight elements: magnitudes, negated where a bit of `signs` is set; or, raised, two less. */
GB_NEON_INLINE int8x8_t gb_neon_eight(const gb_lattice *f, uint64_t eight, uint32_t signs) {
    const uint8x8_t mine = vcreate_u8(0x8040201008040201U);
    const uint8x8_t negative = vtst_u8(vdup_n_u8((uint8_t)signs), mine);
    if (f->raised)
        return vreinterpret_s8_u8(
            vsub_u8(vcreate_u8(eight), vorr_u8(vdup_n_u8(GB_RAISED), vand_u8(negative, vdup_n_u8(2)))));
    return vreinterpret_s8_u8(vsub_u8(veor_u8(vcreate_u8(eight), negative), negative));
}

GB_NEON_INLINE int8x16x4_t gb_neon_lattice_values(const gb_lattice *f, const char *block, size_t group) {
    int8x16x4_t value;
    for (size_t v = 0; v < 4; v++) {
        const size_t e = 8 * group + 2 * v;
        const uint32_t signs = f->signs(block, e / 4) >> 8 * (e % 4);
        value.val[v] = vcombine_s8(gb_neon_eight(f, f->eight(block, e), signs),
                                   gb_neon_eight(f, f->eight(block, e + 1), signs >> 8));
    }
    return value;
}

/* raised: of iq1_* */
#define GB_LATTICE_KERNELS(name, raised)                                                                               \
    static const gb_lattice lattice = GB_LATTICE_OF(name, raised);                                                     \
    GB_NEON_INLINE int8x16x4_t values(const char *block, size_t group) {                                               \
        return gb_neon_lattice_values(&lattice, block, group);                                                         \
    }                                                                                                                  \
    GB_NEON_INLINE gb_neon_scales scales(const char *block) {                                                          \
        gb_neon_scales s = {{0}, {0}};                                                                                 \
        lattice.scales(block, s.sc);                                                                                   \
        return s;                                                                                                      \
    }                                                                                                                  \
    static const gb_neon_super format = {.bytes = sizeof(gb_block_##name),                                             \
                                         .d = GB_D_##name,                                                             \
                                         .sub = GB_SUB_##name,                                                         \
                                         .unit = GB_UNIT_##name,                                                       \
                                         .values = values,                                                             \
                                         .scales = scales};                                                            \
    GB_NEON_SUPER_KERNELS(name)

#endif
