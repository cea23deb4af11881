/* Encoders of the K-quants: searches over sub-blocks in lanes, then scales and bytes of each super-block.
 *
 * A super-block that does not behave (values that are not finite or out of the reach of fast rounding, scales that do
 * not fit their bits) is given to the reference, alone; its neighbours in the lanes are not affected. */
#ifndef GB_WIDE_KQUANT_H
#define GB_WIDE_KQUANT_H

#include "kernels/wide/affine.h"
#include "kernels/wide/signed.h"
#include "reference/number.h"
#include "reference/reference.h"

enum {
    GB_WIDE_SUPER = 256,               /* elements of a super-block */
    GB_WIDE_BATCH = 4,                 /* super-blocks searched together: at least a vector of sub-blocks */
    GB_WIDE_SUBS = GB_WIDE_BATCH * 16, /* sub-blocks of a batch, at most */
};

/* What the searches found, by sub-block of the batch. */
typedef struct gb_wide_found {
    float scale[GB_WIDE_SUBS], negmin[GB_WIDE_SUBS];
    float factor[GB_WIDE_SUBS], base[GB_WIDE_SUBS]; /* codes of the search */
    float sum_weight[GB_WIDE_SUBS];
    unsigned odd; /* bit: super-block of the batch */
} gb_wide_found;

/* Sub-blocks j .. j + GB_WIDE - 1 of `count`; the last one stands in for those behind it. */
GB_INLINE void gb_wide_rows(const float *x, size_t j, size_t count, size_t sub, const float *row[GB_WIDE]) {
    for (size_t r = 0; r < GB_WIDE; r++) row[r] = x + (j + r < count ? j + r : count - 1) * sub;
}

GB_INLINE void gb_wide_mark_odd(gb_wide_mask odd, size_t j, size_t count, size_t subs, gb_wide_found *found) {
    const unsigned lanes = gb_wide_bits(odd);
    for (size_t r = 0; lanes >> r && j + r < count; r++)
        if (lanes >> r & 1U) found->odd |= 1U << (j + r) / subs;
}

/* Codes of sixteen or 32 elements for a scale and a minimum as they will be decoded; scale 0: those of the search. */
GB_INLINE void gb_wide_affine_codes(size_t sub, int top, const float *x, float scale, float min, float factor,
                                    float base, uint8_t *code) {
    for (size_t i = 0; i < sub; i += GB_WIDE) {
        const gb_wide v = gb_wide_load(x + i);
        const gb_wide at =
            scale == 0.0F ? gb_wide_set(factor) * (v - gb_wide_set(base)) : (v + gb_wide_set(min)) / gb_wide_set(scale);
        gb_wide_store_bytes(code + i, gb_wide_clamp(gb_wide_nearest(at), 0.0F, (float)top));
    }
}

GB_INLINE void gb_wide_signed_codes(size_t sub, int half, const float *x, float scale, float factor, uint8_t *code) {
    for (size_t i = 0; i < sub; i += GB_WIDE) {
        const gb_wide v = gb_wide_load(x + i);
        const gb_wide at = scale == 0.0F ? gb_wide_set(factor) * v : v / gb_wide_set(scale);
        const gb_wide l = gb_wide_clamp(gb_wide_nearest(at), -(float)half, (float)(half - 1));
        gb_wide_store_bytes(code + i, l + gb_wide_set((float)half));
    }
    if (scale == 0.0F && factor == 0.0F) memset(code, 0, sub);
}

/* --- with mins: q4_K ------------------------------------------------------------------------------------------------
 */

typedef struct gb_wide_mins_block {
    uint16_t d, dmin;
    uint8_t sc[16], mn[16];
    uint8_t code[GB_WIDE_SUPER];
} gb_wide_mins_block;

typedef struct gb_wide_mins {
    size_t bytes, sub; /* of a block; elements of a sub-block */
    int top_scale;     /* of scales and mins */
    gb_affine plain;   /* search without importance */
    int rms;           /* weights without importance: |x|, or |x| + root of the mean square of the sub-block */
    float sigma;       /* weights with importance: * sqrt(sigma * mean of x^2 + x^2) */
    int limit;         /* scales that wrapped to a larger byte are limited to top_scale, without importance */
    void (*pack)(const gb_wide_mins_block *in, void *block);
    gb_quantize_fn *reference;
} gb_wide_mins;

GB_INLINE void gb_wide_plain_weights(const gb_wide_mins *f, const gb_wide *x, gb_wide *weight) {
    gb_wide rms = gb_wide_set(0.0F);
    for (size_t i = 0; f->rms && i < f->sub; i++) rms = rms + x[i] * x[i];
    if (f->rms) rms = gb_wide_sqrt(rms / gb_wide_set((float)f->sub));
    for (size_t i = 0; i < f->sub; i++) weight[i] = rms + gb_wide_abs(x[i]);
}

/* weight: importance on entry. */
GB_INLINE gb_wide gb_wide_weigh(size_t n, gb_wide sigma2, const gb_wide *x, gb_wide *weight) {
    gb_wide sum = gb_wide_set(0.0F);
    for (size_t i = 0; i < n; i++) {
        weight[i] = weight[i] * gb_wide_sqrt(sigma2 + x[i] * x[i]);
        sum = sum + weight[i];
    }
    return sum;
}

/* factor * mean square of each super-block of the batch: four chains side by side. */
GB_INLINE void gb_wide_sigma(const float *x, size_t blocks, float factor, float sigma2[GB_WIDE_BATCH]) {
    float sum[4] = {0.0F, 0.0F, 0.0F, 0.0F};
    const float *from[4];
    for (size_t b = 0; b < 4; b++) from[b] = x + (b < blocks ? b : blocks - 1) * GB_WIDE_SUPER;
    for (size_t i = 0; i < GB_WIDE_SUPER; i++)
        for (size_t b = 0; b < 4; b++) sum[b] = sum[b] + from[b][i] * from[b][i];
    for (size_t b = 0; b < 4; b++) sigma2[b] = factor * sum[b] / (float)GB_WIDE_SUPER;
}

GB_INLINE void gb_wide_find_mins(const gb_wide_mins *f, const float *x, size_t blocks, const float *importance,
                                 gb_wide_found *found) {
    static const gb_affine weighted = {.r0 = -0.9F, .dr = 0.05F, .steps = 36, .squared = 1};
    const size_t subs = GB_WIDE_SUPER / f->sub;
    const size_t count = blocks * subs;
    gb_affine how = importance ? weighted : f->plain;
    how.top = f->plain.top;
    float sigma2[GB_WIDE_BATCH];
    if (importance) gb_wide_sigma(x, blocks, f->sigma, sigma2);
    found->odd = 0;
    for (size_t j = 0; j < count; j += GB_WIDE) {
        gb_wide column[32];
        gb_wide weight[32];
        const float *row[GB_WIDE];
        gb_wide_affine best;
        gb_wide_rows(x, j, count, f->sub, row);
        gb_wide_columns(row, f->sub, column);
        if (importance) {
            float sigma[GB_WIDE];
            for (size_t r = 0; r < GB_WIDE; r++) sigma[r] = sigma2[(j + r < count ? j + r : count - 1) / subs];
            gb_wide_rows(importance, j, count, f->sub, row);
            gb_wide_columns(row, f->sub, weight);
            gb_wide_store(found->sum_weight + j, gb_wide_weigh(f->sub, gb_wide_load(sigma), column, weight));
        } else {
            gb_wide_plain_weights(f, column, weight);
        }
        gb_wide_search_affine(f->sub, &how, column, weight, &best);
        gb_wide_store(found->scale + j, best.scale);
        gb_wide_store(found->negmin + j, best.negmin);
        gb_wide_store(found->factor + j, best.factor);
        gb_wide_store(found->base + j, best.base);
        gb_wide_mark_odd(best.odd, j, count, subs, found);
    }
}

/* Integers that give the largest x the code `top`; returns what one unit stands for. */
GB_INLINE float gb_wide_spread(size_t n, int top, const float *x, uint8_t *code) {
    float largest = 0.0F;
    for (size_t j = 0; j < n; j++)
        if (x[j] > largest) largest = x[j];
    const float inverse = largest > 0.0F ? (float)top / largest : 0.0F;
    for (size_t j = 0; j < n; j++) code[j] = (uint8_t)gb_nearest_int(inverse * x[j]);
    return largest / (float)top;
}

/* Scales and mins of super-block b of the batch; false where they do not fit their bits. */
GB_INLINE int gb_wide_mins_scales(const gb_wide_mins *f, int weighted, const gb_wide_found *found, size_t b,
                                  gb_wide_mins_block *out) {
    const size_t subs = GB_WIDE_SUPER / f->sub;
    const float *scale = found->scale + b * subs;
    const float *min = found->negmin + b * subs;
    if (weighted) {
        const float *sum = found->sum_weight + b * subs;
        out->d = gb_f16_from_scale(gb_search_positive(subs, f->top_scale, scale, sum, out->sc));
        out->dmin = gb_f16_from_scale(gb_search_positive(subs, f->top_scale, min, sum, out->mn));
    } else {
        out->d = gb_f16_from_scale(gb_wide_spread(subs, f->top_scale, scale, out->sc));
        out->dmin = gb_f16_from_scale(gb_wide_spread(subs, f->top_scale, min, out->mn));
    }
    int fits = 1;
    for (size_t j = 0; j < subs; j++) fits = fits && out->sc[j] <= f->top_scale && out->mn[j] <= f->top_scale;
    return fits;
}

GB_INLINE void gb_wide_mins_quantize(const gb_wide_mins *f, const float *x, void *blocks, size_t n,
                                     const float *importance) {
    const size_t subs = GB_WIDE_SUPER / f->sub;
    uint8_t *block = blocks;
    for (size_t k = 0; k < n / GB_WIDE_SUPER; k += GB_WIDE_BATCH) {
        const size_t left = n / GB_WIDE_SUPER - k;
        const size_t count = left < GB_WIDE_BATCH ? left : GB_WIDE_BATCH;
        gb_wide_found found;
        gb_wide_find_mins(f, x + k * GB_WIDE_SUPER, count, importance ? importance + k * GB_WIDE_SUPER : NULL, &found);
        for (size_t b = 0; b < count; b++, block += f->bytes) {
            const float *xb = x + (k + b) * GB_WIDE_SUPER;
            gb_wide_mins_block out;
            if (found.odd >> b & 1U || !gb_wide_mins_scales(f, importance != NULL, &found, b, &out)) {
                f->reference(xb, block, GB_WIDE_SUPER, importance ? importance + (k + b) * GB_WIDE_SUPER : NULL);
                continue;
            }
            for (size_t j = 0; j < subs; j++) {
                const float scale = gb_f32_from_f16(out.d) * (float)out.sc[j];
                const float min = gb_f32_from_f16(out.dmin) * (float)out.mn[j];
                const size_t s = b * subs + j;
                gb_wide_affine_codes(f->sub, f->plain.top, xb + j * f->sub, scale, min, found.factor[s], found.base[s],
                                     out.code + j * f->sub);
            }
            f->pack(&out, block);
        }
    }
}

/* Six-bit scales and mins, four bytes a word: the layout is that of reference/q4_K.c. */
GB_INLINE void gb_wide_pack_scales(const gb_wide_mins_block *in, uint8_t q[12]) {
    uint32_t sc[2];
    uint32_t mn[2];
    memcpy(sc, in->sc, sizeof sc);
    memcpy(mn, in->mn, sizeof mn);
    const uint32_t word[3] = {sc[0] | (sc[1] & 0x30303030U) << 2, mn[0] | (mn[1] & 0x30303030U) << 2,
                              (sc[1] & 0x0f0f0f0fU) | (mn[1] & 0x0f0f0f0fU) << 4};
    memcpy(q, word, sizeof word);
}

GB_INLINE void gb_wide_pack_q4_K(const gb_wide_mins_block *in, void *block) {
    gb_block_q4_K *b = block;
    b->d = in->d;
    b->dmin = in->dmin;
    gb_wide_pack_scales(in, b->scales);
    for (size_t c = 0; c < 4; c++)
        for (size_t l = 0; l < 32; l++)
            b->qs[32 * c + l] = (uint8_t)(in->code[64 * c + l] | in->code[64 * c + 32 + l] << 4);
}

static inline void gb_wide_q4_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    static const gb_wide_mins format = {
        .bytes = sizeof(gb_block_q4_K),
        .sub = 32,
        .top_scale = 63,
        .plain = {.top = 15, .r0 = -1.0F, .dr = 0.1F, .steps = 20, .squared = 1},
        .rms = 1,
        .sigma = 2.0F,
        .pack = gb_wide_pack_q4_K,
        .reference = gb_ref_q4_K_quantize,
    };
    if (importance)
        gb_wide_mins_quantize(&format, x, blocks, n, importance);
    else
        gb_wide_mins_quantize(&format, x, blocks, n, NULL);
}

/* --- signed: q6_K ---------------------------------------------------------------------------------------------------
 */

static inline void gb_wide_q6_K_find(const float *x, size_t blocks, const float *importance, gb_wide_found *found) {
    enum { SUB = 16, SUBS = 16 };
    const size_t count = blocks * SUBS;
    found->odd = 0;
    for (size_t j = 0; j < count; j += GB_WIDE) {
        gb_wide column[SUB];
        gb_wide weight[SUB];
        const float *row[GB_WIDE];
        gb_wide_signed best;
        gb_wide_rows(x, j, count, SUB, row);
        gb_wide_columns(row, SUB, column);
        if (importance) {
            gb_wide_rows(importance, j, count, SUB, row);
            gb_wide_columns(row, SUB, weight);
        } else {
            for (size_t i = 0; i < SUB; i++) weight[i] = column[i] * column[i];
        }
        gb_wide_search_signed(SUB, 32, column, weight, &best);
        gb_wide_store(found->scale + j, best.scale);
        gb_wide_store(found->factor + j, best.factor);
        gb_wide_mark_odd(best.odd, j, count, SUBS, found);
    }
}

/* Quarters of 32 elements: low nibbles share bytes two quarters apart, the top bits of all four share one. */
GB_INLINE void gb_wide_pack_q6_K(const uint8_t code[GB_WIDE_SUPER], gb_block_q6_K *b) {
    for (size_t h = 0; h < 2; h++) {
        const uint8_t *q = code + 128 * h;
        for (size_t l = 0; l < 64; l++) b->ql[64 * h + l] = (uint8_t)((q[l] & 15) | q[64 + l] << 4);
        for (size_t l = 0; l < 32; l++)
            b->qh[32 * h + l] =
                (uint8_t)(q[l] >> 4 | (q[32 + l] >> 4) << 2 | (q[64 + l] >> 4) << 4 | (q[96 + l] >> 4) << 6);
    }
}

static inline void gb_wide_q6_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    enum { SUB = 16, SUBS = 16 };
    gb_block_q6_K *block = blocks;
    gb_wide_found found;
    for (size_t k = 0; k < n / GB_WIDE_SUPER; k++, block++) {
        const float *xb = x + k * GB_WIDE_SUPER;
        const float *weight = importance ? importance + k * GB_WIDE_SUPER : NULL;
        uint8_t code[GB_WIDE_SUPER];
        float extreme = 0.0F;
        gb_wide_q6_K_find(xb, 1, weight, &found);
        if (found.odd) {
            gb_ref_q6_K_quantize(xb, block, GB_WIDE_SUPER, weight);
            continue;
        }
        for (size_t j = 0; j < SUBS; j++)
            if (gb_larger_magnitude(found.scale[j], extreme)) extreme = found.scale[j];
        if (gb_abs_f32(extreme) < 1e-15F) {
            memset(block, 0, sizeof *block);
            continue;
        }
        const float inverse = -128.0F / extreme;
        block->d = gb_f16_from_scale(1.0F / inverse);
        const float d = gb_f32_from_f16(block->d);
        for (size_t j = 0; j < SUBS; j++) {
            const int s = gb_nearest_int(inverse * found.scale[j]);
            block->scales[j] = (int8_t)(uint8_t)(s < 127 ? s : 127);
            gb_wide_signed_codes(SUB, 32, xb + j * SUB, d * (float)block->scales[j], found.factor[j], code + j * SUB);
        }
        gb_wide_pack_q6_K(code, block);
    }
}

#endif
