/* What the decoders of bitsandbytes' 4-bit types need: the levels, and the scales of double quantization. */
#ifndef GB_REFERENCE_BNB4_H
#define GB_REFERENCE_BNB4_H

#include "kernels/formats.h"
#include "reference/number.h"

enum { GB_BNB4_BLOCK = 64, GB_BNB4_HEAD_BLOCKS = 256, GB_BNB4_ZERO_CODE = 127 };

/* The levels are facts of those types: NF4's are quantiles of a normal distribution (QLoRA, appendix E), FP4's the
 * eight magnitudes 0, 1/192, 2, 3, 4, 6, 8, 12 (over 12) in the order of their bits. */
static const float gb_nf4_levels[16] = {
    -1.0F,
    -0.6961928009986877F,
    -0.5250730514526367F,
    -0.39491748809814453F,
    -0.28444138169288635F,
    -0.18477343022823334F,
    -0.09105003625154495F,
    0.0F,
    0.07958029955625534F,
    0.16093020141124725F,
    0.24611230194568634F,
    0.33791524171829224F,
    0.44070982933044434F,
    0.5626170039176941F,
    0.7229568362236023F,
    1.0F,
};

static const float gb_fp4_levels[16] = {
    0.0F,  0.0052083333F,  0.6666667F,  1.0F,  0.33333333F,  0.5F,  0.16666667F,  0.25F,
    -0.0F, -0.0052083333F, -0.6666667F, -1.0F, -0.33333333F, -0.5F, -0.16666667F, -0.25F,
};

/* bitsandbytes' signed dynamic map in ascending order, which it computes: for k = 0..6 the interval from 0.1 to 1 is
 * cut into 2^k equal parts, whose middles, times 10^(k - 6), are levels of both signs; then 0, and 1 at the upper end
 * alone. A middle is (2^(k+1) + 9 (2j + 1)) / (10 * 2^(k+1)): numerator and denominator of the level are exact in
 * binary32, so the one division rounds correctly. */
static inline float gb_bnb4_map_level(unsigned code) {
    static const float power[7] = {1e7F, 1e6F, 1e5F, 1e4F, 1e3F, 1e2F, 1e1F};
    if (code == GB_BNB4_ZERO_CODE) return 0.0F;
    if (code == 255) return 1.0F;
    const unsigned rank =
        code > GB_BNB4_ZERO_CODE ? code - GB_BNB4_ZERO_CODE : GB_BNB4_ZERO_CODE - code; /* 1..127 by magnitude */
    const unsigned k = (gb_f32_bits((float)rank) >> 23) - 127;                          /* floor(log2 rank) */
    const unsigned j = rank - (1U << k);
    const float parts = (float)(2U << k);
    const float level = (parts + (float)(9 * (2 * j + 1))) / (parts * power[k]);
    return code > GB_BNB4_ZERO_CODE ? level : -level;
}

static inline size_t gb_bnb4_head_bytes(size_t n) {
    return (n / GB_BNB4_BLOCK + GB_BNB4_HEAD_BLOCKS - 1) / GB_BNB4_HEAD_BLOCKS * sizeof(gb_head_bnb4_dq);
}

/* Scale and codes of block k of a row of n elements. */
static inline float gb_bnb4_dq_open(const void *row, size_t n, size_t k, const uint8_t **qs) {
    const gb_head_bnb4_dq *h = (const gb_head_bnb4_dq *)row + k / GB_BNB4_HEAD_BLOCKS;
    const gb_block_bnb4_dq *b = (const gb_block_bnb4_dq *)((const char *)row + gb_bnb4_head_bytes(n)) + k;
    *qs = b->qs;
    return gb_bnb4_map_level(b->absmax) * h->absmax + h->offset;
}

#endif
