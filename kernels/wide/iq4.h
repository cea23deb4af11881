/* iq4_nl and iq4_xs: gb_iq4_search() of reference/iq4.c for GB_WIDE blocks of 32 at once, one in each lane; see
 * affine.h. There is no rounding here, only comparisons with levels: every input is served. */
#ifndef GB_WIDE_IQ4_H
#define GB_WIDE_IQ4_H

#include "kernels/wide/kquant.h"
#include "reference/iq4.h"

enum { GB_WIDE_IQ4 = 32, GB_WIDE_IQ4_SUBS = 8 };

/* What belongs to the nearest level of v. Between two levels the upper begins at their exact mean, a number of few
 * bits: near it the reference's two differences are exact, elsewhere they cannot change places. A NaN is above all. */
GB_INLINE gb_wide gb_wide_iq4_pick(gb_wide v, const int8_t of[16]) {
    gb_wide q = gb_wide_set((float)of[0]);
    for (size_t k = 1; k < 16; k++) {
        const float mean = 0.5F * (float)(gb_iq4_levels[k - 1] + gb_iq4_levels[k]);
        q = gb_wide_select(gb_wide_less(v, gb_wide_set(mean)), q, gb_wide_set((float)of[k]));
    }
    return q;
}

#ifndef GB_WIDE_IQ4_LEVEL
GB_INLINE gb_wide gb_wide_iq4_level(gb_wide v) {
    return gb_wide_iq4_pick(v, gb_iq4_levels);
}
#endif

typedef struct gb_wide_iq4_sums {
    gb_wide qx, q2;
} gb_wide_iq4_sums;

GB_INLINE gb_wide_iq4_sums gb_wide_iq4_fit(const gb_wide_group *g, gb_wide factor) {
    gb_wide_iq4_sums sum = {gb_wide_set(0.0F), gb_wide_set(0.0F)};
    for (size_t i = 0; i < GB_WIDE_IQ4; i++) {
        const gb_wide q = gb_wide_iq4_level(factor * g->x[i]);
        const gb_wide wq = g->weight[i] * q;
        sum.qx = sum.qx + wq * g->x[i];
        sum.q2 = sum.q2 + wq * q;
    }
    return sum;
}

GB_INLINE gb_wide gb_wide_iq4_search(const gb_wide_group *g) {
    const gb_wide zero = gb_wide_set(0.0F);
    const float lowest = (float)gb_iq4_levels[0];
    gb_wide_mask finite;
    const gb_wide extreme = gb_wide_extreme(GB_WIDE_IQ4, g->x, &finite);
    gb_wide_iq4_sums sum = gb_wide_iq4_fit(g, gb_wide_set(1.0F) / (-extreme / gb_wide_set(lowest)));
    gb_wide scale = gb_wide_select(gb_wide_less(zero, sum.q2), sum.qx / sum.q2, zero);
    gb_wide quality = scale * sum.qx;
    for (int t = -7; t <= 7; t++) {
        sum = gb_wide_iq4_fit(g, gb_wide_set((float)t + lowest) / extreme);
        const gb_wide_mask better =
            gb_wide_and(gb_wide_less(zero, sum.q2), gb_wide_less(quality * sum.q2, sum.qx * sum.qx));
        scale = gb_wide_select(better, sum.qx / sum.q2, scale);
        quality = gb_wide_select(better, scale * sum.qx, quality);
    }
    return gb_wide_unless(gb_wide_less(gb_wide_abs(extreme), gb_wide_set(1e-15F)), scale, zero);
}

GB_INLINE void gb_wide_iq4_encode(const float *x, float scale, uint8_t qs[16]) {
    static const int8_t codes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const gb_wide inverse = gb_wide_set(scale != 0.0F ? 1.0F / scale : 0.0F);
    uint8_t code[GB_WIDE_IQ4];
    for (size_t i = 0; i < GB_WIDE_IQ4; i += GB_WIDE)
        gb_wide_store_bytes(code + i, gb_wide_iq4_pick(inverse * gb_wide_load(x + i), codes));
    for (size_t j = 0; j < 16; j++) qs[j] = (uint8_t)(code[j] | code[j + 16] << 4);
}

GB_INLINE void gb_wide_iq4_find(const gb_wide_batch *b, float *scale) {
    for (size_t j = 0; j < b->count; j += GB_WIDE) {
        gb_wide_group g;
        gb_wide_take(b, b->x, j, g.x);
        if (b->importance)
            (void)gb_wide_take_weights(b, j, &g);
        else
            for (size_t i = 0; i < GB_WIDE_IQ4; i++) g.weight[i] = g.x[i] * g.x[i];
        gb_wide_store(scale + j, gb_wide_iq4_search(&g));
    }
}

/* --- iq4_nl ------------------------------------------------------------------------------------------------------ */

/* sigma2 is that of the block itself. */
GB_INLINE void gb_wide_iq4_nl_sigma(gb_wide_batch *b) {
    for (size_t j = 0; j < b->count; j += GB_WIDE) {
        gb_wide x[GB_WIDE_IQ4];
        gb_wide sum = gb_wide_set(0.0F);
        gb_wide_take(b, b->x, j, x);
        for (size_t i = 0; i < GB_WIDE_IQ4; i++) sum = sum + x[i] * x[i];
        gb_wide_store(b->sigma2 + j, sum * gb_wide_set(2.0F / (float)GB_WIDE_IQ4));
    }
}

GB_INLINE void gb_wide_iq4_nl_row(const float *x, gb_block_iq4_nl *block, size_t count, const float *importance) {
    gb_wide_batch b = {.sub = GB_WIDE_IQ4};
    float scale[GB_WIDE_SUBS];
    for (size_t from = 0; from < count; from += GB_WIDE_SUBS) {
        b.x = x + from * GB_WIDE_IQ4;
        b.importance = importance ? importance + from * GB_WIDE_IQ4 : NULL;
        b.count = count - from < GB_WIDE_SUBS ? count - from : GB_WIDE_SUBS;
        if (importance) gb_wide_iq4_nl_sigma(&b);
        gb_wide_iq4_find(&b, scale);
        for (size_t k = 0; k < b.count; k++, block++) {
            gb_wide_iq4_encode(b.x + k * GB_WIDE_IQ4, scale[k], block->qs); /* for the scale before its rounding */
            block->d = gb_f16_from_scale(scale[k]);
        }
    }
}

GB_WIDE_ROW_QUANTIZE(iq4_nl, GB_WIDE_IQ4)

/* --- iq4_xs ------------------------------------------------------------------------------------------------------ */

GB_INLINE void gb_wide_iq4_xs_block(const float *x, const float scale[GB_WIDE_IQ4_SUBS], gb_block_iq4_xs *b) {
    float extreme = 0.0F;
    unsigned code[GB_WIDE_IQ4_SUBS];
    unsigned high = 0;
    for (size_t j = 0; j < GB_WIDE_IQ4_SUBS; j++)
        if (gb_larger_magnitude(scale[j], extreme)) extreme = scale[j];
    const float d = -extreme / 32.0F; /* the largest scale becomes -32; -0 for an all-zero block */
    const float inverse = d != 0.0F ? 1.0F / d : 0.0F;
    b->d = gb_f16_from_scale(d);
    for (size_t j = 0; j < GB_WIDE_IQ4_SUBS; j++) {
        const int s = gb_clamp_int(gb_nearest_int(inverse * scale[j]), -32, 31);
        code[j] = (unsigned)(s + 32);
        high |= code[j] >> 4 << 2 * j;
        gb_wide_iq4_encode(x + j * GB_WIDE_IQ4, d * (float)s, b->qs + j * 16); /* d before its rounding */
    }
    b->scales_h = (uint16_t)high;
    for (size_t j = 0; j < 4; j++) b->scales_l[j] = (uint8_t)((code[2 * j] & 15U) | (code[2 * j + 1] & 15U) << 4);
}

GB_INLINE void gb_wide_iq4_xs_row(const float *x, gb_block_iq4_xs *block, size_t supers, const float *importance) {
    static const gb_wide_k format = {
        .bytes = sizeof(gb_block_iq4_xs), .sub = GB_WIDE_IQ4, .sigma = 2.0F / 256.0F, .over = 1.0F};
    gb_wide_batch b;
    float scale[GB_WIDE_SUBS];
    for (size_t from = 0; from < supers; from += GB_WIDE_SUPERS) {
        const size_t count = gb_wide_k_batch(&format, x, importance, supers, from, &b);
        if (importance) gb_wide_set_sigma(&format, &b, count);
        gb_wide_iq4_find(&b, scale);
        for (size_t k = 0; k < count; k++, block++)
            gb_wide_iq4_xs_block(b.x + k * GB_SUPER, scale + k * GB_WIDE_IQ4_SUBS, block);
    }
}

GB_WIDE_ROW_QUANTIZE(iq4_xs, GB_SUPER)

#endif
