/* q5_K, plain C. */
#include "kernels/scalar/super.h"

enum { SUB = 32, SUBS = 8 };

/* Sub-block j: low or high nibbles of 32 bytes, bit j of all of qh. */
GB_INLINE const uint8_t *nibbles(const gb_block_q5_K *b, size_t j) {
    return b->qs + j / 2 * SUB;
}

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q5_K *b = (const gb_block_q5_K *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->dmin = gb_f32_from_f16(b->dmin);
    gb_get_scales_mins(b->scales, out->sc, out->mn);
    for (size_t j = 0; j < SUBS; j++)
        for (size_t l = 0; l < SUB; l++)
            out->code[SUB * j + l] = (nibbles(b, j)[l] >> j % 2 * 4 & 15) | (b->qh[l] >> j & 1) << 4;
}

GB_INLINE void sums(const void *block, const gb_block_q8_K *a, int *isum, int *msum) {
    const gb_block_q5_K *b = block;
    int32_t sc[SUBS];
    int32_t mn[SUBS];
    gb_get_scales_mins(b->scales, sc, mn);
    *isum = *msum = 0;
    for (size_t j = 0; j < SUBS; j++) {
        int sub = 0;
        for (size_t l = 0; l < SUB; l += 16)
            sub += gb_plane_sum(nibbles(b, j) + l, j % 2 ? 4 : 0, 15, b->qh + l, (int)j, 1, 4, a->qs + SUB * j + l);
        *isum += sc[j] * sub;
        *msum += mn[j] * (a->bsums[2 * j] + a->bsums[2 * j + 1]);
    }
}

static const gb_super format = {
    .flat = {.elems = GB_BLOCK, .subs = SUBS, .mins = 1, .unpack = unpack, .act = gb_act_q8_K},
    .bytes = sizeof(gb_block_q5_K),
    .sums = sums,
    .d_at = offsetof(gb_block_q5_K, d),
    .dmin_at = offsetof(gb_block_q5_K, dmin)};

GB_SUPER_KERNELS(q5_K)
