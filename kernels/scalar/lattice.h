/* The i-quants with grids, plain C, as super-blocks: signed values from magnitudes and signs. */
#ifndef GB_SCALAR_LATTICE_H
#define GB_SCALAR_LATTICE_H

#include "kernels/lattice.h"
#include "kernels/scalar/super.h"

/* Magnitude i of eight, negative where the lowest bit of `signs` says so; or, raised, two less. */
GB_INLINE int gb_value_at(const gb_lattice *f, uint64_t eight, size_t i, uint32_t signs) {
    const int byte = (int)(eight >> 8 * i & 255);
    const int negative = -(int)(signs & 1);
    return f->raised ? byte - GB_RAISED + 2 * negative : (byte ^ negative) - negative;
}

GB_INLINE void gb_lattice_unpack(const gb_lattice *f, const void *block, gb_flat_block *out) {
    int8_t sc[16];
    f->scales(block, sc);
    for (size_t j = 0; j < GB_BLOCK / f->sub; j++) out->sc[j] = sc[j];
    for (size_t e = 0; e < GB_BLOCK / 8; e++) {
        const uint64_t eight = f->eight(block, e);
        const uint32_t signs = f->signs(block, e / 4) >> 8 * (e % 4);
        for (size_t i = 0; i < 8; i++) out->code[8 * e + i] = gb_value_at(f, eight, i, signs >> i);
    }
}

GB_INLINE int gb_lattice_sum(const gb_lattice *f, const void *block, const int8_t *q) {
    int8_t sc[16];
    int isum = 0;
    f->scales(block, sc);
    for (size_t j = 0; j < GB_BLOCK / 32; j++) {
        uint32_t signs = f->signs(block, j);
        for (size_t e = 4 * j; e < 4 * j + 4; e++, q += 8, signs >>= 8) {
            const uint64_t eight = f->eight(block, e);
            int sum = 0;
            for (size_t i = 0; i < 8; i++) sum += gb_value_at(f, eight, i, signs >> i) * q[i];
            isum += sc[8 * e / f->sub] * sum;
        }
    }
    return isum;
}

/* raised: of iq1_* */
#define GB_LATTICE_KERNELS(name, raised)                                                                               \
    static const gb_lattice lattice = GB_LATTICE_OF(name, raised);                                                     \
    static void unpack(const void *row, size_t block, gb_flat_block *out) {                                            \
        const gb_block_##name *b = (const gb_block_##name *)row + block;                                               \
        out->d = gb_f32_from_f16(GB_D_##name(b));                                                                      \
        gb_lattice_unpack(&lattice, b, out);                                                                           \
    }                                                                                                                  \
    GB_INLINE void sums(const void *block, const gb_block_q8_K *a, int *isum, int *msum) {                             \
        *isum = gb_lattice_sum(&lattice, block, a->qs);                                                                \
        *msum = 0;                                                                                                     \
    }                                                                                                                  \
    static const gb_super format = {.flat = {.elems = GB_BLOCK,                                                        \
                                             .subs = GB_BLOCK / GB_SUB_##name,                                         \
                                             .unit = GB_UNIT_##name,                                                   \
                                             .unpack = unpack,                                                         \
                                             .act = gb_act_q8_K},                                                      \
                                    .bytes = sizeof(gb_block_##name),                                                  \
                                    .sums = sums,                                                                      \
                                    .d = GB_D_##name};                                                                 \
    GB_SUPER_KERNELS(name)

#endif
