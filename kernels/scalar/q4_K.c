/* q4_K, plain C. */
#include "kernels/scalar/super.h"

enum { SUB = 32, SUBS = 8, CHUNK = 64, CHUNKS = 4 };

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q4_K *b = (const gb_block_q4_K *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->dmin = gb_f32_from_f16(b->dmin);
    gb_get_scales_mins(b->scales, out->sc, out->mn);
    for (size_t c = 0; c < CHUNKS; c++) {
        for (size_t l = 0; l < SUB; l++) {
            out->code[CHUNK * c + l] = b->qs[SUB * c + l] & 15;
            out->code[CHUNK * c + SUB + l] = b->qs[SUB * c + l] >> 4;
        }
    }
}

GB_INLINE void sums(const void *block, const gb_block_q8_K *a, int *isum, int *msum) {
    const gb_block_q4_K *b = block;
    int32_t sc[SUBS];
    int32_t mn[SUBS];
    gb_get_scales_mins(b->scales, sc, mn);
    *isum = *msum = 0;
    for (size_t c = 0; c < CHUNKS; c++) {
        int low;
        int high;
        gb_mul_nibbles(b->qs + SUB * c, a->qs + CHUNK * c, SUB, SUB, 0, &low, &high);
        *isum += sc[2 * c] * low + sc[2 * c + 1] * high;
    }
    for (size_t j = 0; j < SUBS; j++) *msum += mn[j] * (a->bsums[2 * j] + a->bsums[2 * j + 1]);
}

static const gb_super format = {
    .flat = {.elems = GB_BLOCK, .subs = SUBS, .mins = 1, .unpack = unpack, .act = gb_act_q8_K},
    .bytes = sizeof(gb_block_q4_K),
    .sums = sums,
    .d_at = offsetof(gb_block_q4_K, d),
    .dmin_at = offsetof(gb_block_q4_K, dmin)};

GB_SUPER_KERNELS(q4_K)
