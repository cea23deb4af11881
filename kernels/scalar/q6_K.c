/* q6_K, plain C. */
#include "kernels/scalar/super.h"

enum { SUB = 16, SUBS = 16, HALF = 128, QUARTER = 32 };

/* Codes minus 32 of one half: quarters 0, 1 from low nibbles, 2, 3 from high nibbles, two top bits each from qh. */
static void unpack_half(const gb_block_q6_K *b, size_t half, int32_t code[HALF]) {
    const uint8_t *ql = b->ql + half * 64;
    const uint8_t *qh = b->qh + half * 32;
    for (size_t l = 0; l < QUARTER; l++) {
        const int top = qh[l];
        code[l] = ((ql[l] & 15) | (top << 4 & 48)) - 32;
        code[l + 32] = ((ql[l + 32] & 15) | (top << 2 & 48)) - 32;
        code[l + 64] = ((ql[l] >> 4) | (top & 48)) - 32;
        code[l + 96] = ((ql[l + 32] >> 4) | (top >> 2 & 48)) - 32;
    }
}

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q6_K *b = (const gb_block_q6_K *)row + block;
    out->d = gb_f32_from_f16(b->d);
    for (size_t j = 0; j < SUBS; j++) out->sc[j] = b->scales[j];
    unpack_half(b, 0, out->code);
    unpack_half(b, 1, out->code + HALF);
}

GB_INLINE void sums(const void *block, const gb_block_q8_K *a, int *isum, int *msum) {
    const gb_block_q6_K *b = block;
    *isum = *msum = 0;
    for (size_t half = 0; half < 2; half++) {
        for (size_t s = 0; s < 2; s++) { /* the two sixteens of each quarter */
            const uint8_t *ql = b->ql + 64 * half + SUB * s;
            const uint8_t *qh = b->qh + 32 * half + SUB * s;
            const int8_t *q = a->qs + HALF * half + SUB * s;
            const int8_t *sc = b->scales + 8 * half + s;
            *isum += sc[0] * gb_plane_sum(ql, 0, 15, qh, 0, 3, 4, q);
            *isum += sc[2] * gb_plane_sum(ql + 32, 0, 15, qh, 2, 3, 4, q + 32);
            *isum += sc[4] * gb_plane_sum(ql, 4, 15, qh, 4, 3, 4, q + 64);
            *isum += sc[6] * gb_plane_sum(ql + 32, 4, 15, qh, 6, 3, 4, q + 96);
        }
    }
    /* the codes above are value + 32: the sums of sixteen take the 32 away */
    for (size_t j = 0; j < SUBS; j++) *isum -= 32 * b->scales[j] * a->bsums[j];
}

static const gb_super format = {.flat = {.elems = GB_BLOCK, .subs = SUBS, .unpack = unpack, .act = gb_act_q8_K},
                                .bytes = sizeof(gb_block_q6_K),
                                .sums = sums,
                                .d_at = offsetof(gb_block_q6_K, d)};

GB_SUPER_KERNELS(q6_K)
