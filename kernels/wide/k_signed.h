/* K-quants without mins: q3_K, q6_K. Sub-blocks of sixteen elements, so a super-block is whole groups of lanes. */
#ifndef GB_WIDE_K_SIGNED_H
#define GB_WIDE_K_SIGNED_H

#include "kernels/wide/greedy.h"
#include "kernels/wide/kquant.h"

enum { GB_WIDE_SUB = 16 };

GB_INLINE float gb_wide_largest_scale(const float scale[GB_WIDE_SUB]) {
    float extreme = 0.0F;
    for (size_t j = 0; j < GB_WIDE_SUB; j++)
        if (gb_larger_magnitude(scale[j], extreme)) extreme = scale[j];
    return extreme;
}

/* --- q6_K -------------------------------------------------------------------------------------------------------- */

/* Importance is the weight as it is. */
GB_INLINE void gb_wide_q6_K_find(const gb_wide_batch *b, gb_wide_found *found) {
    for (size_t j = 0; j < b->count; j += GB_WIDE) {
        gb_wide_group g;
        gb_wide_take(b, b->x, j, g.x);
        if (b->importance)
            gb_wide_take(b, b->importance, j, g.weight);
        else
            for (size_t i = 0; i < GB_WIDE_SUB; i++) g.weight[i] = g.x[i] * g.x[i];
        gb_wide_find_signed(GB_WIDE_SUB, 32, &g, j, found);
    }
}

/* Halves of 128: low nibbles of elements 64 apart share a byte. */
GB_INLINE void gb_wide_q6_K_pack(const uint8_t code[GB_SUPER], gb_block_q6_K *b) {
    for (size_t h = 0; h < 2; h++)
        for (size_t l = 0; l < 64; l++)
            b->ql[64 * h + l] = (uint8_t)((code[128 * h + l] & 15) | code[128 * h + 64 + l] << 4);
    gb_wide_pack_two_bits(code, 4, b->qh);
}

GB_INLINE void gb_wide_q6_K_block(const float *x, const float *scale, const float *factor, gb_block_q6_K *b) {
    const float extreme = gb_wide_largest_scale(scale);
    if (gb_abs_f32(extreme) < 1e-15F) {
        memset(b, 0, sizeof *b);
        return;
    }
    const float inverse = -128.0F / extreme;
    b->d = gb_f16_from_scale(1.0F / inverse);
    const float d = gb_f32_from_f16(b->d);
    uint8_t code[GB_SUPER];
    for (size_t j = 0; j < GB_WIDE_SUB; j++) {
        const int s = gb_nearest_int(inverse * scale[j]);
        const size_t at = j * GB_WIDE_SUB;
        b->scales[j] = (int8_t)(uint8_t)(s < 127 ? s : 127);
        gb_wide_signed_codes(GB_WIDE_SUB, 32, x + at, d * (float)b->scales[j], factor[j], code + at);
    }
    gb_wide_q6_K_pack(code, b);
}

GB_INLINE void gb_wide_q6_K_row(const float *x, gb_block_q6_K *block, size_t supers, const float *importance) {
    static const gb_wide_k format = {
        .bytes = sizeof(gb_block_q6_K), .sub = GB_WIDE_SUB, .reference = gb_ref_q6_K_quantize};
    gb_wide_batch b;
    gb_wide_found found;
    for (size_t from = 0; from < supers; from += GB_WIDE_SUPERS) {
        const size_t count = gb_wide_k_batch(&format, x, importance, supers, from, &b);
        gb_wide_q6_K_find(&b, &found);
        for (size_t k = 0; k < count; k++, block++) {
            const size_t s = k * GB_WIDE_SUB;
            if (gb_wide_k_is_odd(&format, &found, k))
                gb_wide_k_refer(&format, &b, k, block);
            else
                gb_wide_q6_K_block(b.x + k * GB_SUPER, found.scale + s, found.factor + s, block);
        }
    }
}

GB_WIDE_ROW_QUANTIZE(q6_K, GB_SUPER)

/* --- q3_K -------------------------------------------------------------------------------------------------------- */

/* What is known of a super-block before its codes. */
typedef struct gb_wide_q3_K {
    float d;                 /* before its rounding */
    uint8_t sc[GB_WIDE_SUB]; /* 0..63 */
} gb_wide_q3_K;

/* Codes of greedy searches, which no factor gives again: element, sub-block of the batch. */
typedef uint8_t gb_wide_kept[GB_WIDE_SUB][GB_WIDE_SUBS];

enum { GB_WIDE_GROUPS = 4 }; /* of lanes that take greedy steps in turn */

GB_INLINE void gb_wide_q3_K_greedy(const gb_wide_batch *b, gb_wide_found *found, gb_wide_kept kept) {
    for (size_t j = 0; j < b->count; j += GB_WIDE_GROUPS * GB_WIDE) {
        gb_wide_greedy g[GB_WIDE_GROUPS];
        for (size_t k = 0; k < GB_WIDE_GROUPS; k++) gb_wide_take(b, b->x, j + k * GB_WIDE, g[k].x);
        gb_wide_search_greedy(GB_WIDE_SUB, GB_WIDE_GROUPS, 4, g);
        for (size_t k = 0; k < GB_WIDE_GROUPS; k++) {
            const size_t at = j + k * GB_WIDE;
            gb_wide_store(found->scale + at, g[k].scale);
            gb_wide_set_odd(g[k].odd, found->odd + at);
            for (size_t i = 0; i < GB_WIDE_SUB; i++)
                gb_wide_store_bytes(kept[i] + at, g[k].code[i] + gb_wide_set(4.0F));
        }
    }
}

/* The scale of largest magnitude becomes -32. */
GB_INLINE void gb_wide_q3_K_spread(const float *scale, gb_wide_q3_K *out) {
    const float extreme = gb_wide_largest_scale(scale);
    memset(out->sc, 0, sizeof out->sc);
    out->d = 0.0F;
    if (extreme == 0.0F) return;
    const float inverse = -32.0F / extreme;
    out->d = 1.0F / inverse;
    for (size_t j = 0; j < GB_WIDE_SUB; j++) {
        const int8_t s = (int8_t)(uint8_t)gb_nearest_int(inverse * scale[j]);
        out->sc[j] = (uint8_t)(gb_clamp_int(s, -32, 31) + 32);
    }
}

GB_INLINE void gb_wide_q3_K_weighted(const gb_wide_batch *b, gb_wide_found *found) {
    for (size_t j = 0; j < b->count; j += GB_WIDE) {
        gb_wide_group g;
        gb_wide_take(b, b->x, j, g.x);
        gb_wide_store(found->sum_weight + j, gb_wide_take_weights(b, j, &g));
        gb_wide_find_signed(GB_WIDE_SUB, 4, &g, j, found);
    }
}

/* Scales with importance are searched as codes are: lanes are super-blocks. */
GB_INLINE void gb_wide_q3_K_search(size_t supers, gb_wide_found *found, gb_wide_q3_K out[GB_WIDE_SUPERS]) {
    const gb_wide_batch scales = {.x = found->scale, .sub = GB_WIDE_SUB, .count = supers};
    for (size_t k = 0; k < supers; k += GB_WIDE) {
        gb_wide_group g;
        gb_wide_signed best;
        float unit[GB_WIDE];
        float factor[GB_WIDE];
        uint8_t odd[GB_WIDE];
        gb_wide_take(&scales, found->scale, k, g.x);
        gb_wide_take(&scales, found->sum_weight, k, g.weight);
        gb_wide_search_signed(GB_WIDE_SUB, 32, g.x, g.weight, &best);
        gb_wide_store(unit, best.scale);
        gb_wide_store(factor, best.factor);
        gb_wide_set_odd(best.odd, odd);
        for (size_t r = 0; r < GB_WIDE && k + r < supers; r++) {
            out[k + r].d = unit[r];
            gb_wide_signed_codes(GB_WIDE_SUB, 32, found->scale + (k + r) * GB_WIDE_SUB, 0.0F, factor[r], out[k + r].sc);
            if (odd[r]) found->odd[(k + r) * GB_WIDE_SUB] = 1;
        }
    }
}

/* Low nibbles of scales 0-7 and 8-15 share bytes 0-7, the top two bits of those four apart bytes 8-11. */
GB_INLINE void gb_wide_q3_K_pack(const uint8_t sc[GB_WIDE_SUB], const uint8_t code[GB_SUPER], gb_block_q3_K *b) {
    for (size_t j = 0; j < 8; j++) b->scales[j] = (uint8_t)((sc[j] & 15) | sc[j + 8] << 4);
    for (size_t j = 0; j < 4; j++)
        b->scales[8 + j] = (uint8_t)(sc[j] >> 4 | sc[j + 4] >> 4 << 2 | sc[j + 8] >> 4 << 4 | sc[j + 12] >> 4 << 6);
    gb_wide_pack_two_bits(code, 0, b->qs);
    gb_wide_pack_bit(code, 2, b->hmask);
}

/* Super-block k of the batch. kept NULL: codes of the search follow from the factors. */
GB_INLINE void gb_wide_q3_K_block(const gb_wide_batch *b, const gb_wide_found *found, gb_wide_kept *kept, size_t k,
                                  const gb_wide_q3_K *from, gb_block_q3_K *block) {
    uint8_t code[GB_SUPER];
    block->d = gb_f16_from_scale(from->d);
    const float d = gb_f32_from_f16(block->d);
    for (size_t j = 0; j < GB_WIDE_SUB; j++) {
        const float scale = d * (float)(from->sc[j] - 32);
        const size_t s = k * GB_WIDE_SUB + j;
        uint8_t *to = code + j * GB_WIDE_SUB;
        if (kept && scale == 0.0F)
            for (size_t i = 0; i < GB_WIDE_SUB; i++) to[i] = (*kept)[i][s];
        else
            gb_wide_signed_codes(GB_WIDE_SUB, 4, b->x + s * GB_WIDE_SUB, scale, kept ? 0.0F : found->factor[s], to);
    }
    gb_wide_q3_K_pack(from->sc, code, block);
}

GB_INLINE void gb_wide_q3_K_row(const float *x, gb_block_q3_K *block, size_t supers, const float *importance) {
    static const gb_wide_k format = {.bytes = sizeof(gb_block_q3_K),
                                     .sub = GB_WIDE_SUB,
                                     .sigma = 2.0F,
                                     .over = 256.0F,
                                     .reference = gb_ref_q3_K_quantize};
    gb_wide_batch b;
    gb_wide_found found;
    gb_wide_kept kept;
    gb_wide_q3_K out[GB_WIDE_SUPERS];
    for (size_t from = 0; from < supers; from += GB_WIDE_SUPERS) {
        const size_t count = gb_wide_k_batch(&format, x, importance, supers, from, &b);
        if (importance) {
            gb_wide_set_sigma(&format, &b, count);
            gb_wide_q3_K_weighted(&b, &found);
            gb_wide_q3_K_search(count, &found, out);
        } else {
            gb_wide_q3_K_greedy(&b, &found, kept);
            for (size_t k = 0; k < count; k++) gb_wide_q3_K_spread(found.scale + k * GB_WIDE_SUB, &out[k]);
        }
        for (size_t k = 0; k < count; k++, block++) {
            if (gb_wide_k_is_odd(&format, &found, k))
                gb_wide_k_refer(&format, &b, k, block);
            else
                gb_wide_q3_K_block(&b, &found, importance ? NULL : &kept, k, &out[k], block);
        }
    }
}

GB_WIDE_ROW_QUANTIZE(q3_K, GB_SUPER)

#endif
