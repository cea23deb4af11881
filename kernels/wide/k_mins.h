/* K-quants with mins: q2_K, q4_K, q5_K. */
#ifndef GB_WIDE_K_MINS_H
#define GB_WIDE_K_MINS_H

#include "kernels/wide/greedy.h"
#include "kernels/wide/kquant.h"

typedef struct gb_wide_mins {
    gb_wide_k k;
    int top_scale;   /* of scales and mins */
    int rms;         /* weights without importance: |x|, or |x| + root of the mean square of the sub-block */
    gb_affine plain; /* search without importance */
    void (*pack)(const gb_k_mins *in, void *block);
} gb_wide_mins;

GB_INLINE void gb_wide_plain_weights(const gb_wide_mins *f, gb_wide_group *g) {
    gb_wide rms = gb_wide_set(0.0F);
    for (size_t i = 0; f->rms && i < f->k.sub; i++) rms = rms + g->x[i] * g->x[i];
    if (f->rms) rms = gb_wide_sqrt(rms / gb_wide_set((float)f->k.sub));
    for (size_t i = 0; i < f->k.sub; i++) g->weight[i] = rms + gb_wide_abs(g->x[i]);
}

GB_INLINE void gb_wide_mins_find(const gb_wide_mins *f, const gb_wide_batch *b, gb_wide_found *found) {
    const gb_affine weighted = {.top = f->plain.top, .r0 = -0.9F, .dr = 0.05F, .steps = 36, .squared = 1};
    for (size_t j = 0; j < b->count; j += GB_WIDE_PAIR * GB_WIDE) {
        gb_wide_group g[GB_WIDE_PAIR];
        for (size_t p = 0; p < GB_WIDE_PAIR; p++) {
            const size_t at = j + p * GB_WIDE;
            gb_wide_take(b, b->x, at, g[p].x);
            if (b->importance)
                gb_wide_store(found->sum_weight + at, gb_wide_take_weights(b, at, &g[p]));
            else
                gb_wide_plain_weights(f, &g[p]);
        }
        gb_wide_find_affine(f->k.sub, b->importance ? &weighted : &f->plain, g, j, found);
    }
}

/* Scales and mins with importance: a search over the scales of a super-block, another over its mins. Lane 2k is the
 * scales, 2k + 1 the mins of super-block k. */
GB_INLINE void gb_wide_mins_search(const gb_wide_mins *f, size_t supers, gb_wide_found *found,
                                   gb_k_mins out[GB_WIDE_SUPERS]) {
    const size_t subs = GB_SUPER / f->k.sub;
    for (size_t from = 0; from < 2 * supers; from += GB_WIDE) {
        const float *row[GB_WIDE];
        const float *sum[GB_WIDE];
        gb_wide_greedy g;
        float unit[GB_WIDE];
        uint8_t code[GB_MAX_SUBS][GB_WIDE];
        uint8_t odd[GB_WIDE];
        for (size_t r = 0; r < GB_WIDE; r++) {
            const size_t k = from + r < 2 * supers ? (from + r) / 2 : supers - 1;
            row[r] = (r % 2 ? found->negmin : found->scale) + k * subs;
            sum[r] = found->sum_weight + k * subs;
        }
        gb_wide_columns(row, subs, g.x);
        gb_wide_columns(sum, subs, g.weight);
        gb_wide_search_positive(subs, f->top_scale, &g);
        gb_wide_store(unit, g.scale);
        gb_wide_set_odd(g.odd, odd);
        for (size_t j = 0; j < subs; j++) gb_wide_store_bytes(code[j], g.code[j]);
        for (size_t r = 0; r < GB_WIDE && from + r < 2 * supers; r++) {
            const size_t k = (from + r) / 2;
            *(r % 2 ? &out[k].dmin : &out[k].d) = gb_f16_from_scale(unit[r]);
            for (size_t j = 0; j < subs; j++) (r % 2 ? out[k].mn : out[k].sc)[j] = code[j][r];
            if (odd[r]) found->odd[k * subs] = 1;
        }
    }
}

/* The same without importance; scales that wrapped to a byte too large are the reference's business. */
GB_INLINE void gb_wide_mins_spread(const gb_wide_mins *f, size_t supers, gb_wide_found *found,
                                   gb_k_mins out[GB_WIDE_SUPERS]) {
    const size_t subs = GB_SUPER / f->k.sub;
    for (size_t k = 0; k < supers; k++) {
        out[k].d = gb_f16_from_scale(gb_k_spread(subs, f->top_scale, found->scale + k * subs, out[k].sc));
        out[k].dmin = gb_f16_from_scale(gb_k_spread(subs, f->top_scale, found->negmin + k * subs, out[k].mn));
        for (size_t j = 0; j < subs; j++)
            if (out[k].sc[j] > f->top_scale || out[k].mn[j] > f->top_scale) found->odd[k * subs] = 1;
    }
}

GB_INLINE void gb_wide_mins_codes(const gb_wide_mins *f, const gb_wide_batch *b, const gb_wide_found *found, size_t k,
                                  gb_k_mins *out) {
    const size_t subs = GB_SUPER / f->k.sub;
    for (size_t j = 0; j < subs; j++) {
        const float scale = gb_f32_from_f16(out->d) * (float)out->sc[j];
        const float min = gb_f32_from_f16(out->dmin) * (float)out->mn[j];
        const size_t s = k * subs + j;
        gb_wide_affine_codes(f->k.sub, f->plain.top, b->x + s * f->k.sub, scale, min, found->factor[s], found->base[s],
                             out->code + j * f->k.sub);
    }
}

GB_INLINE void gb_wide_mins_row(const gb_wide_mins *f, const float *x, uint8_t *blocks, size_t supers,
                                const float *importance) {
    gb_wide_batch b;
    gb_wide_found found;
    gb_k_mins out[GB_WIDE_SUPERS];
    for (size_t from = 0; from < supers; from += GB_WIDE_SUPERS) {
        const size_t count = gb_wide_k_batch(&f->k, x, importance, supers, from, &b);
        if (importance) gb_wide_set_sigma(&f->k, &b, count);
        gb_wide_mins_find(f, &b, &found);
        if (importance)
            gb_wide_mins_search(f, count, &found, out);
        else
            gb_wide_mins_spread(f, count, &found, out);
        for (size_t k = 0; k < count; k++, blocks += f->k.bytes) {
            if (gb_wide_k_is_odd(&f->k, &found, k)) {
                gb_wide_k_refer(&f->k, &b, k, blocks);
                continue;
            }
            gb_wide_mins_codes(f, &b, &found, k, &out[k]);
            f->pack(&out[k], blocks);
        }
    }
}

/* Compiled twice, each without the other's branches. */
GB_INLINE void gb_wide_mins_quantize(const gb_wide_mins *f, const float *x, void *blocks, size_t n,
                                     const float *importance) {
    if (importance)
        gb_wide_mins_row(f, x, blocks, n / GB_SUPER, importance);
    else
        gb_wide_mins_row(f, x, blocks, n / GB_SUPER, NULL);
}

/* --- q2_K -------------------------------------------------------------------------------------------------------- */

GB_INLINE void gb_wide_q2_K_pack(const gb_k_mins *in, void *block) {
    gb_block_q2_K *b = block;
    b->d = in->d;
    b->dmin = in->dmin;
    for (size_t j = 0; j < 16; j++) b->scales[j] = (uint8_t)(in->sc[j] | in->mn[j] << 4);
    gb_wide_pack_two_bits(in->code, 0, b->qs);
}

static inline void gb_wide_q2_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    static const gb_wide_mins format = {
        .k = {.bytes = sizeof(gb_block_q2_K),
              .sub = 16,
              .sigma = 1.0F,
              .over = 256.0F,
              .reference = gb_ref_q2_K_quantize},
        .top_scale = 15,
        .rms = 0,
        .plain = {.top = 3, .r0 = -0.5F, .dr = 0.1F, .steps = 15, .squared = 0},
        .pack = gb_wide_q2_K_pack,
    };
    gb_wide_mins_quantize(&format, x, blocks, n, importance);
}

/* --- q4_K, q5_K -------------------------------------------------------------------------------------------------- */

/* Six-bit scales and mins, four to a word; none is above 63. */
GB_INLINE void gb_wide_pack_scales_mins(const gb_k_mins *in, uint8_t q[12]) {
    uint32_t sc[2];
    uint32_t mn[2];
    memcpy(sc, in->sc, sizeof sc);
    memcpy(mn, in->mn, sizeof mn);
    const uint32_t word[3] = {sc[0] | (sc[1] & 0x30303030U) << 2, mn[0] | (mn[1] & 0x30303030U) << 2,
                              (sc[1] & 0x0f0f0f0fU) | (mn[1] & 0x0f0f0f0fU) << 4};
    memcpy(q, word, sizeof word);
}

GB_INLINE void gb_wide_q4_K_pack(const gb_k_mins *in, void *block) {
    gb_block_q4_K *b = block;
    b->d = in->d;
    b->dmin = in->dmin;
    gb_wide_pack_scales_mins(in, b->scales);
    gb_wide_pack_nibbles(in->code, b->qs);
}

static inline void gb_wide_q4_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    static const gb_wide_mins format = {
        .k = {.bytes = sizeof(gb_block_q4_K),
              .sub = 32,
              .sigma = 2.0F,
              .over = 256.0F,
              .reference = gb_ref_q4_K_quantize},
        .top_scale = 63,
        .rms = 1,
        .plain = {.top = 15, .r0 = -1.0F, .dr = 0.1F, .steps = 20, .squared = 1},
        .pack = gb_wide_q4_K_pack,
    };
    gb_wide_mins_quantize(&format, x, blocks, n, importance);
}

GB_INLINE void gb_wide_q5_K_pack(const gb_k_mins *in, void *block) {
    gb_block_q5_K *b = block;
    b->d = in->d;
    b->dmin = in->dmin;
    gb_wide_pack_scales_mins(in, b->scales);
    gb_wide_pack_nibbles(in->code, b->qs);
    gb_wide_pack_bit(in->code, 4, b->qh);
}

static inline void gb_wide_q5_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    static const gb_wide_mins format = {
        .k = {.bytes = sizeof(gb_block_q5_K),
              .sub = 32,
              .sigma = 2.0F,
              .over = 256.0F,
              .reference = gb_ref_q5_K_quantize},
        .top_scale = 63,
        .rms = 1,
        .plain = {.top = 31, .r0 = -0.5F, .dr = 0.1F, .steps = 15, .squared = 1},
        .pack = gb_wide_q5_K_pack,
    };
    gb_wide_mins_quantize(&format, x, blocks, n, importance);
}

#endif
