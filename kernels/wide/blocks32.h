/* Encoders of the formats with blocks of 32 and a scale, or a scale and a minimum, each: lanes are blocks. With
 * importance they search as the K-quants do; without, lanes find the extremes. What reference/legacy.h says of the
 * codes holds here. */
#ifndef GB_WIDE_BLOCKS32_H
#define GB_WIDE_BLOCKS32_H

#include <float.h>

#include "kernels/wide/batch.h"
#include "reference/legacy.h"

typedef struct gb_wide_blocks32 {
    size_t bytes; /* of a block */
    int half;     /* codes stand for -half .. half - 1; 0: they are 0..top */
    int top;
    uint8_t lost; /* code where x / d is not finite */
    void (*pack)(const gb_codes32 *in, void *block);
} gb_wide_blocks32;

/* d != 0 ? 1 / d : 0. */
GB_INLINE gb_wide gb_wide_inverse(gb_wide d) {
    const gb_wide zero = gb_wide_set(0.0F);
    return gb_wide_unless(gb_wide_equal(d, zero), gb_wide_set(1.0F) / d, zero);
}

GB_INLINE void gb_wide_extremes32(const gb_wide_blocks32 *f, const gb_wide_batch *b, gb_wide_found *found) {
    for (size_t j = 0; j < b->count; j += GB_WIDE) {
        gb_wide x[GB_BLOCK32];
        gb_wide_mask finite;
        gb_wide_take(b, b->x, j, x);
        gb_wide min = gb_wide_set(FLT_MAX);
        gb_wide max = gb_wide_set(-FLT_MAX);
        gb_wide d = gb_wide_extreme(GB_BLOCK32, x, &finite) / gb_wide_set(-(float)f->half);
        if (!f->half) {
            for (size_t i = 0; i < GB_BLOCK32; i++) {
                min = gb_wide_select(gb_wide_less(x[i], min), x[i], min);
                max = gb_wide_select(gb_wide_less(max, x[i]), x[i], max);
            }
            d = (max - min) / gb_wide_set((float)f->top);
        }
        gb_wide_store(found->scale + j, d);
        gb_wide_store(found->factor + j, gb_wide_inverse(d));
        gb_wide_store(found->base + j, min);
    }
}

/* trunc(v + half + 1/2) or trunc(v + 1/2), v = (x - base) * factor. */
GB_INLINE void gb_wide_round32(const gb_wide_blocks32 *f, const float *x, float factor, float base, gb_codes32 *out) {
    const gb_wide offset = gb_wide_set((float)f->half + 0.5F);
    const float top = (float)(f->half ? 2 * f->half - 1 : f->top);
    for (size_t i = 0; i < GB_BLOCK32; i += GB_WIDE) {
        gb_wide v = gb_wide_load(x + i);
        if (!f->half) v = v - gb_wide_set(base);
        v = v * gb_wide_set(factor);
        const gb_wide l = gb_wide_truncate(gb_wide_clamp(v + offset, 0.0F, top));
        gb_wide_store_bytes(out->code + i, gb_wide_select(gb_wide_finite(v), l, gb_wide_set((float)f->lost)));
    }
}

GB_INLINE void gb_wide_search32(const gb_wide_blocks32 *f, const gb_wide_batch *b, gb_wide_found *found) {
    const gb_affine how = {.top = f->top, .r0 = -0.9F, .dr = 0.05F, .steps = 36, .squared = 1};
    for (size_t j = 0; j < b->count; j += GB_WIDE_PAIR * GB_WIDE) {
        gb_wide_group g[GB_WIDE_PAIR];
        for (size_t p = 0; p < GB_WIDE_PAIR; p++) {
            gb_wide_take(b, b->x, j + p * GB_WIDE, g[p].x);
            (void)gb_wide_take_weights(b, j + p * GB_WIDE, &g[p]);
            if (f->half) gb_wide_find_signed(GB_BLOCK32, f->half, &g[p], j + p * GB_WIDE, found);
        }
        if (!f->half) gb_wide_find_affine(GB_BLOCK32, &how, g, j, found);
    }
}

GB_INLINE void gb_wide_plain_block32(const gb_wide_blocks32 *f, const float *x, const gb_wide_found *found, size_t k,
                                     gb_codes32 *out) {
    gb_wide_round32(f, x, found->factor[k], found->base[k], out);
    out->d = gb_f16_from_f32(found->scale[k]);
    if (!f->half) out->m = gb_f16_from_f32(found->base[k]);
}

GB_INLINE void gb_wide_weighted_block32(const gb_wide_blocks32 *f, const gb_row32 *row, size_t at,
                                        const gb_wide_found *found, size_t k, gb_codes32 *out) {
    const float *x = row->x + at * GB_BLOCK32;
    if (found->odd[k]) {
        if (f->half)
            gb_encode_symmetric32(row, at, f->half, f->lost, out);
        else
            gb_encode_affine32(row, at, f->top, out);
        return;
    }
    out->d = gb_f16_from_scale(found->scale[k]);
    if (f->half) {
        gb_wide_signed_codes(GB_BLOCK32, f->half, x, 0.0F, found->factor[k], out->code);
    } else {
        gb_wide_affine_codes(GB_BLOCK32, f->top, x, 0.0F, 0.0F, found->factor[k], found->base[k], out->code);
        out->m = gb_f16_from_scale(-found->negmin[k]);
    }
}

GB_INLINE void gb_wide_row32(const gb_wide_blocks32 *f, const float *x, uint8_t *block, size_t n,
                             const float *importance) {
    const gb_row32 row = gb_row32_of(x, n, importance);
    gb_wide_batch b = {.sub = GB_BLOCK32};
    gb_wide_found found;
    for (size_t k = 0; importance && k < GB_WIDE_SUBS; k++) b.sigma2[k] = row.sigma2;
    for (size_t from = 0; from < n / GB_BLOCK32; from += GB_WIDE_SUBS) {
        b.x = x + from * GB_BLOCK32;
        b.importance = importance ? importance + from * GB_BLOCK32 : NULL;
        b.count = n / GB_BLOCK32 - from < GB_WIDE_SUBS ? n / GB_BLOCK32 - from : GB_WIDE_SUBS;
        if (importance)
            gb_wide_search32(f, &b, &found);
        else
            gb_wide_extremes32(f, &b, &found);
        for (size_t k = 0; k < b.count; k++, block += f->bytes) {
            gb_codes32 out;
            if (importance)
                gb_wide_weighted_block32(f, &row, from + k, &found, k, &out);
            else
                gb_wide_plain_block32(f, b.x + k * GB_BLOCK32, &found, k, &out);
            f->pack(&out, block);
        }
    }
}

GB_INLINE void gb_wide_quantize32(const gb_wide_blocks32 *f, const float *x, void *blocks, size_t n,
                                  const float *importance) {
    if (importance)
        gb_wide_row32(f, x, blocks, n, importance);
    else
        gb_wide_row32(f, x, blocks, n, NULL);
}

/* --- bytes ------------------------------------------------------------------------------------------------------- */

GB_INLINE void gb_wide_nibbles32(const uint8_t code[GB_BLOCK32], uint8_t qs[16]) {
    for (size_t j = 0; j < 16; j++) qs[j] = (uint8_t)((code[j] & 15) | code[j + 16] << 4);
}

/* Bit 4 of eight codes to one byte: the factor moves bit 8i to bit 56 + i, and no two of the products meet. */
GB_INLINE void gb_wide_fifth_bits32(const uint8_t code[GB_BLOCK32], uint8_t qh[4]) {
    for (size_t j = 0; j < 4; j++) {
        uint64_t eight;
        memcpy(&eight, code + 8 * j, sizeof eight);
        qh[j] = (uint8_t)((eight >> 4 & 0x0101010101010101U) * 0x0102040810204080U >> 56);
    }
}

/* --- formats ----------------------------------------------------------------------------------------------------- */

GB_INLINE void gb_wide_q4_0_pack(const gb_codes32 *in, void *block) {
    gb_block_q4_0 *b = block;
    b->d = in->d;
    gb_wide_nibbles32(in->code, b->qs);
}

static const gb_wide_blocks32 gb_wide_q4_0 = {
    .bytes = sizeof(gb_block_q4_0), .half = 8, .lost = 8, .pack = gb_wide_q4_0_pack};

/* With importance, for tiers that have an encoder of their own without. */
static inline void gb_wide_q4_0_weighted(const float *x, void *blocks, size_t n, const float *importance) {
    gb_wide_row32(&gb_wide_q4_0, x, blocks, n, importance);
}

static inline void gb_wide_q4_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_wide_quantize32(&gb_wide_q4_0, x, blocks, n, importance);
}

GB_INLINE void gb_wide_q4_1_pack(const gb_codes32 *in, void *block) {
    gb_block_q4_1 *b = block;
    b->d = in->d;
    b->m = in->m;
    gb_wide_nibbles32(in->code, b->qs);
}

static inline void gb_wide_q4_1_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    static const gb_wide_blocks32 format = {.bytes = sizeof(gb_block_q4_1), .top = 15, .pack = gb_wide_q4_1_pack};
    gb_wide_quantize32(&format, x, blocks, n, importance);
}

GB_INLINE void gb_wide_q5_0_pack(const gb_codes32 *in, void *block) {
    gb_block_q5_0 *b = block;
    b->d = in->d;
    gb_wide_fifth_bits32(in->code, b->qh);
    gb_wide_nibbles32(in->code, b->qs);
}

static inline void gb_wide_q5_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    static const gb_wide_blocks32 format = {.bytes = sizeof(gb_block_q5_0), .half = 16, .pack = gb_wide_q5_0_pack};
    gb_wide_quantize32(&format, x, blocks, n, importance);
}

GB_INLINE void gb_wide_q5_1_pack(const gb_codes32 *in, void *block) {
    gb_block_q5_1 *b = block;
    b->d = in->d;
    b->m = in->m;
    gb_wide_fifth_bits32(in->code, b->qh);
    gb_wide_nibbles32(in->code, b->qs);
}

static inline void gb_wide_q5_1_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    static const gb_wide_blocks32 format = {.bytes = sizeof(gb_block_q5_1), .top = 31, .pack = gb_wide_q5_1_pack};
    gb_wide_quantize32(&format, x, blocks, n, importance);
}

#endif
