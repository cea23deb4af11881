/* The i-quants with grids in vectors of sixteen bytes, as super-blocks of the K-quants' frame. */
#ifndef GB_VEC16_LATTICE_H
#define GB_VEC16_LATTICE_H

#include "kernels/lattice.h"
#include "kernels/vec16/super.h"

/* Sixteen elements: magnitudes, negated where a bit of `signs` is set; or, raised, two less. */
GB_INLINE gb_bytes gb_sixteen_signed(const gb_lattice *f, uint64_t first, uint64_t second, uint32_t signs) {
    static const uint8_t mine[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const gb_bytes negative = gb_v_test(gb_v_halves((uint8_t)signs, (uint8_t)(signs >> 8)), gb_v_load(mine));
    const gb_bytes sixteen = gb_v_words(first, second);
    if (f->raised) return gb_v_sub(sixteen, gb_v_or(gb_v_set(GB_RAISED), gb_v_and(negative, gb_v_set(2))));
    return gb_v_sub(gb_v_xor(sixteen, negative), negative);
}

GB_INLINE gb_bytes4 gb_lattice_values(const gb_lattice *f, const char *block, size_t group) {
    gb_bytes4 value;
    for (size_t v = 0; v < 4; v++) {
        const size_t e = 8 * group + 2 * v;
        const uint32_t signs = f->signs(block, e / 4) >> 8 * (e % 4);
        value.val[v] = gb_sixteen_signed(f, f->eight(block, e), f->eight(block, e + 1), signs);
    }
    return value;
}

/* The description, raised: of iq1_*; GB_SUPER_KERNELS or GB_SUPER_DOTS follow. */
#define GB_LATTICE_FORMAT(name, raised)                                                                                \
    static const gb_lattice lattice = GB_LATTICE_OF(name, raised);                                                     \
    GB_INLINE gb_bytes4 values(const char *block, size_t group) {                                                      \
        return gb_lattice_values(&lattice, block, group);                                                              \
    }                                                                                                                  \
    GB_INLINE gb_super_scales scales(const char *block) {                                                              \
        gb_super_scales s = {{0}, {0}};                                                                                \
        lattice.scales(block, s.sc);                                                                                   \
        return s;                                                                                                      \
    }                                                                                                                  \
    static const gb_super format = {.bytes = sizeof(gb_block_##name),                                                  \
                                    .d = GB_D_##name,                                                                  \
                                    .sub = GB_SUB_##name,                                                              \
                                    .unit = GB_UNIT_##name,                                                            \
                                    .range = GB_BELOW_64,                                                              \
                                    .values = values,                                                                  \
                                    .scales = scales}

#endif
