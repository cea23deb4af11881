/* Sub-blocks of a row, GB_WIDE at a time, and what searches found of them. */
#ifndef GB_WIDE_BATCH_H
#define GB_WIDE_BATCH_H

#include "kernels/wide/affine.h"
#include "kernels/wide/signed.h"
#include "reference/number.h"

enum { GB_WIDE_SUBS = 128 }; /* sub-blocks of a batch, at most: whole pairs of groups */

/* Consecutive sub-blocks. importance NULL: none. */
typedef struct gb_wide_batch {
    const float *x, *importance;
    size_t sub, count;          /* elements of a sub-block, sub-blocks */
    float sigma2[GB_WIDE_SUBS]; /* of each sub-block: what is added to x^2 under the root of a weight */
} gb_wide_batch;

/* By sub-block. Where a search has no use for a field it is not set. */
typedef struct gb_wide_found {
    float scale[GB_WIDE_SUBS], negmin[GB_WIDE_SUBS];
    float factor[GB_WIDE_SUBS], base[GB_WIDE_SUBS];
    float sum_weight[GB_WIDE_SUBS];
    uint8_t odd[GB_WIDE_SUBS]; /* the reference must encode the block */
} gb_wide_found;

/* One group of sub-blocks, transposed. */
typedef struct gb_wide_group {
    gb_wide x[GB_WIDE_ELEMS], weight[GB_WIDE_ELEMS];
} gb_wide_group;

/* Element i of sub-blocks j .. j + GB_WIDE - 1; the last sub-block stands in for those behind it. */
GB_INLINE void gb_wide_take(const gb_wide_batch *b, const float *from, size_t j, gb_wide *out) {
    const float *row[GB_WIDE];
    for (size_t r = 0; r < GB_WIDE; r++) row[r] = from + (j + r < b->count ? j + r : b->count - 1) * b->sub;
    gb_wide_columns(row, b->sub, out);
}

/* weight = importance * sqrt(sigma2 + x^2); returns their sums. */
GB_INLINE gb_wide gb_wide_take_weights(const gb_wide_batch *b, size_t j, gb_wide_group *g) {
    const gb_wide sigma2 = gb_wide_load(b->sigma2 + j);
    gb_wide sum = gb_wide_set(0.0F);
    gb_wide_take(b, b->importance, j, g->weight);
    for (size_t i = 0; i < b->sub; i++) {
        g->weight[i] = g->weight[i] * gb_wide_sqrt(sigma2 + g->x[i] * g->x[i]);
        sum = sum + g->weight[i];
    }
    return sum;
}

GB_INLINE void gb_wide_set_odd(gb_wide_mask odd, uint8_t out[GB_WIDE]) {
    const unsigned lanes = gb_wide_bits(odd);
    for (size_t r = 0; r < GB_WIDE; r++) out[r] = lanes >> r & 1U;
}

/* An affine search of the pair of groups from sub-block j on. */
GB_INLINE void gb_wide_find_affine(size_t n, const gb_affine *how, const gb_wide_group *g, size_t j,
                                   gb_wide_found *found) {
    gb_wide_affine s[GB_WIDE_PAIR];
    for (size_t p = 0; p < GB_WIDE_PAIR; p++) {
        s[p].x = g[p].x;
        s[p].weight = g[p].weight;
    }
    gb_wide_search_affine(n, how, s);
    for (size_t p = 0; p < GB_WIDE_PAIR; p++, j += GB_WIDE) {
        gb_wide_store(found->scale + j, s[p].scale);
        gb_wide_store(found->negmin + j, -s[p].min);
        gb_wide_store(found->factor + j, s[p].factor);
        gb_wide_store(found->base + j, s[p].base);
        gb_wide_set_odd(s[p].odd, found->odd + j);
    }
}

/* A signed search of the group of sub-blocks from j on. */
GB_INLINE void gb_wide_find_signed(size_t n, int half, const gb_wide_group *g, size_t j, gb_wide_found *found) {
    gb_wide_signed best;
    gb_wide_search_signed(n, half, g->x, g->weight, &best);
    gb_wide_store(found->scale + j, best.scale);
    gb_wide_store(found->factor + j, best.factor);
    gb_wide_set_odd(best.odd, found->odd + j);
}

/* --- codes of one sub-block in natural order --------------------------------------------------------------------- */

/* nearest((x + min) / scale); a scale of 0 keeps the codes of the search. */
GB_INLINE void gb_wide_affine_codes(size_t sub, int top, const float *x, float scale, float min, float factor,
                                    float base, uint8_t *code) {
    for (size_t i = 0; i < sub; i += GB_WIDE) {
        const gb_wide v = gb_wide_load(x + i);
        gb_wide at = (v + gb_wide_set(min)) / gb_wide_set(scale);
        if (scale == 0.0F) at = gb_wide_set(factor) * (v - gb_wide_set(base));
        gb_wide_store_bytes(code + i, gb_wide_clamp(gb_wide_nearest(at), 0.0F, (float)top));
    }
}

/* nearest(x / scale) + half; a scale of 0 keeps the codes of the search. */
GB_INLINE void gb_wide_signed_codes(size_t sub, int half, const float *x, float scale, float factor, uint8_t *code) {
    for (size_t i = 0; i < sub; i += GB_WIDE) {
        const gb_wide v = gb_wide_load(x + i);
        gb_wide at = v / gb_wide_set(scale);
        if (scale == 0.0F) at = gb_wide_set(factor) * v;
        const gb_wide l = gb_wide_clamp(gb_wide_nearest(at), -(float)half, (float)(half - 1));
        gb_wide_store_bytes(code + i, l + gb_wide_set((float)half));
    }
    if (scale == 0.0F && factor == 0.0F) memset(code, 0, sub);
}

#endif
