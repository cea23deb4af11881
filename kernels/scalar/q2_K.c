/* q2_K, plain C. */
#include "kernels/scalar/super.h"

enum { SUB = 16, SUBS = 16 };

/* Sub-block j = 8h + 2q + s: bits 2q, 2q + 1 of the s-th sixteen bytes of half h. */
GB_INLINE const uint8_t *plane(const gb_block_q2_K *b, size_t j) {
    return b->qs + j / 8 * 32 + j % 2 * SUB;
}

GB_INLINE int shift(size_t j) {
    return (int)(j % 8 / 2 * 2);
}

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q2_K *b = (const gb_block_q2_K *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->dmin = gb_f32_from_f16(b->dmin);
    for (size_t j = 0; j < SUBS; j++) {
        out->sc[j] = b->scales[j] & 15;
        out->mn[j] = b->scales[j] >> 4;
        for (size_t l = 0; l < SUB; l++) out->code[SUB * j + l] = plane(b, j)[l] >> shift(j) & 3;
    }
}

GB_INLINE void sums(const void *block, const gb_block_q8_K *a, int *isum, int *msum) {
    const gb_block_q2_K *b = block;
    *isum = *msum = 0;
    for (size_t j = 0; j < SUBS; j++) {
        int sub = 0;
        for (size_t l = 0; l < SUB; l++) sub += (plane(b, j)[l] >> shift(j) & 3) * a->qs[SUB * j + l];
        *isum += (b->scales[j] & 15) * sub;
        *msum += (b->scales[j] >> 4) * a->bsums[j];
    }
}

static const gb_super format = {
    .flat = {.elems = GB_BLOCK, .subs = SUBS, .mins = 1, .unpack = unpack, .act = gb_act_q8_K},
    .bytes = sizeof(gb_block_q2_K),
    .sums = sums,
    .d_at = offsetof(gb_block_q2_K, d),
    .dmin_at = offsetof(gb_block_q2_K, dmin)};

GB_SUPER_KERNELS(q2_K)
