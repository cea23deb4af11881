/* The dot of formats with 32 codes and one f16 scale against q8_0, or with scale and minimum against q8_1. */
#ifndef GB_VEC16_BLOCKS32_H
#define GB_VEC16_BLOCKS32_H

#include "kernels/vec16/tiles.h"

/* A weight format: the size of its blocks, which have `per` times 32 codes (0: once), and the i-th 32 of one in natural
 * order. A block begins with its f16 scale, unless scale() gives that of a term: one of 32 elements, or, split, one of
 * sixteen. */
typedef struct gb_block32 {
    gb_bytes2 (*codes)(const char *block, size_t i);
    float (*scale)(const char *block, size_t term);
    float (*zero)(const char *block); /* or NULL: an integer taken off the codes, -128..255 */
    size_t bytes, per;
    gb_range range; /* of the codes */
    int affine;     /* an f16 minimum follows the scale; activations are q8_1 */
    int split;      /* and codes are below 128 */
} gb_block32;

/* Where the 32 elements k of a row lie: the block, and which of its 32s. */
GB_INLINE const char *gb_block_of(gb_block32 kind, const char *row, size_t k) {
    return row + (kind.per ? k / kind.per : k) * kind.bytes;
}

GB_INLINE size_t gb_part_of(gb_block32 kind, size_t k) {
    return kind.per ? k % kind.per : 0;
}

GB_INLINE float gb_term_scale(gb_block32 kind, const char *block, size_t term) {
    return kind.scale ? kind.scale(block, term) : gb_v_scale(block);
}

/* 32 elements: x = code * d, or code * d + m. */
GB_INLINE void gb_dequantize32(gb_block32 kind, const char *block, size_t i, float *x) {
    const gb_bytes2 code = kind.codes(block, i);
    const gb_floats m = gb_v_fset(kind.affine ? gb_v_scale(block + sizeof(uint16_t)) : 0.0F);
    const gb_floats zero = gb_v_fset(kind.zero ? kind.zero(block) : 0.0F); /* small integers: the difference is exact */
    for (size_t h = 0; h < 2; h++) {
        const gb_floats d = gb_v_fset(gb_term_scale(kind, block, kind.split ? 2 * i + h : i));
        const gb_floats4 f = gb_v_from_bytes(code.val[h]);
        for (size_t j = 0; j < 4; j++) {
            gb_floats v = f.val[j];
            if (kind.zero) v = v - zero;
            v = v * d;
            if (kind.affine) v = v + m;
            gb_v_fstore(x + 16 * h + 4 * j, v);
        }
    }
}

GB_INLINE void gb_dequantize_row32(gb_block32 kind, const char *row, float *x, size_t n) {
    for (size_t k = 0; k < n / 32; k++)
        gb_dequantize32(kind, gb_block_of(kind, row, k), gb_part_of(kind, k), x + 32 * k);
}

/* Of up to four rows, the 32 elements k: what a tile multiplies. One row per lane; d[1] is of the second term of a
 * split format. */
typedef struct gb_rows32 {
    gb_bytes2 codes[GB_TILE_ROWS];
    gb_floats d[2], m, zero;
} gb_rows32;

/* Scales of one term of every row. */
GB_INLINE gb_floats gb_row_scales(gb_block32 kind, const char *const block[GB_TILE_ROWS], size_t rows, size_t term) {
    float scale[GB_TILE_ROWS] = {0};
    uint16_t d[GB_TILE_ROWS] = {0};
    for (size_t r = 0; r < rows; r++) {
        if (kind.scale)
            scale[r] = kind.scale(block[r], term);
        else
            d[r] = gb_load_u16(block[r], 0);
    }
    return kind.scale ? gb_v_fload(scale) : gb_v_from_halves(d);
}

GB_INLINE void gb_load_rows32(gb_block32 kind, const char *w, size_t w_stride, size_t rows, size_t k, gb_rows32 *out) {
    const char *block[GB_TILE_ROWS];
    uint16_t m[GB_TILE_ROWS] = {0};
    float zero[GB_TILE_ROWS] = {0};
    const size_t part = gb_part_of(kind, k);
    for (size_t r = 0; r < rows; r++) {
        block[r] = gb_block_of(kind, w + r * w_stride, k);
        out->codes[r] = kind.codes(block[r], part);
        if (kind.affine) m[r] = gb_load_u16(block[r], 1);
        if (kind.zero) zero[r] = kind.zero(block[r]);
    }
    out->d[0] = gb_row_scales(kind, block, rows, kind.split ? 2 * part : part);
    if (kind.split) out->d[1] = gb_row_scales(kind, block, rows, 2 * part + 1);
    if (kind.affine) out->m = gb_v_from_halves(m);
    if (kind.zero) out->zero = gb_v_fload(zero);
}

/* acc + (d * da) * isum, or acc + ((d * da) * isum + m * s). What is taken off the codes is taken off their sum with s,
 * the sum of the 32 activation codes: |zero * s| <= 255 * 2^12 and |isum| < 2^20 are exact as floats. */
GB_INLINE gb_floats gb_add_term32(gb_block32 kind, gb_floats acc, const gb_rows32 *w, size_t h, gb_ints isum, float da,
                                  float s) {
    gb_floats i = gb_v_from_ints(isum);
    if (kind.zero) i = i - w->zero * gb_v_fset(s);
    gb_floats term = (w->d[h] * gb_v_fset(da)) * i;
    if (kind.affine) term = term + w->m * gb_v_fset(s);
    return acc + term;
}

/* The 32 elements k of a column: d, codes, and the s of gb_add_term32(). */
typedef struct gb_column32 {
    float d, s;
    gb_bytes2 q;
} gb_column32;

GB_INLINE gb_column32 gb_load_column32(gb_block32 kind, const char *column, size_t k) {
    const size_t bytes = kind.affine ? sizeof(gb_block_q8_1) : sizeof(gb_block_q8_0);
    const char *block = column + k * bytes;
    const char *qs = block + bytes - 32;
    gb_column32 a = {.d = gb_v_scale(block), .q = {{gb_v_load(qs), gb_v_load(qs + 16)}}};
    if (kind.affine) a.s = gb_v_scale(block + sizeof(uint16_t));
    if (kind.zero) a.s = (float)(gb_v_byte_sum(a.q.val[0]) + gb_v_byte_sum(a.q.val[1]));
    return a;
}

/* Term after term, one row per lane. */
GB_INLINE void gb_block32_tile(gb_block32 kind, const char *w, size_t w_stride, size_t rows, const char *a,
                               size_t a_stride, size_t cols, size_t n, gb_floats *acc) {
    for (size_t c = 0; c < cols; c++) acc[c] = gb_v_fset(0.0F);
    for (size_t k = 0; k < n / 32; k++) {
        gb_rows32 of_w;
        gb_load_rows32(kind, w, w_stride, rows, k, &of_w);
        for (size_t c = 0; c < cols; c++) {
            const gb_column32 b = gb_load_column32(kind, a + c * a_stride, k);
            gb_ints sum[GB_TILE_ROWS] = {gb_v_zero(), gb_v_zero(), gb_v_zero(), gb_v_zero()};
            if (kind.split) {
                for (size_t h = 0; h < 2; h++) {
                    for (size_t r = 0; r < rows; r++) sum[r] = gb_v_sums16(of_w.codes[r].val[h], b.q.val[h]);
                    acc[c] = gb_add_term32(kind, acc[c], &of_w, h, gb_v_sum_rows(sum), b.d, b.s);
                }
                continue;
            }
            for (size_t r = 0; r < rows; r++)
                sum[r] = gb_v_sums32(of_w.codes[r].val[0], of_w.codes[r].val[1], b.q.val[0], b.q.val[1], kind.range);
            acc[c] = gb_add_term32(kind, acc[c], &of_w, 0, gb_v_sum_rows(sum), b.d, b.s);
        }
    }
}

/* Sixteen bytes of nibble pairs: elements 0-15 from the low ones, 16-31 from the high ones. */
GB_INLINE gb_bytes2 gb_nibbles32(const uint8_t *qs) {
    const gb_bytes pairs = gb_v_load(qs);
    return (gb_bytes2){{gb_v_and(pairs, gb_v_set(15)), gb_v_shr(pairs, 4)}};
}

/* Elements 2j from the low nibbles, 2j + 1 from the high ones. */
GB_INLINE gb_bytes2 gb_nibble_pairs32(const uint8_t *qs) {
    const gb_bytes2 apart = gb_nibbles32(qs);
    return (gb_bytes2){{gb_v_zip8_low(apart.val[0], apart.val[1]), gb_v_zip8_high(apart.val[0], apart.val[1])}};
}

/* Of 32 bits, from the h-th sixteen: `value` in every byte whose bit is set. */
GB_INLINE gb_bytes gb_bits16(const uint8_t *bits, size_t h, uint8_t value) {
    static const uint8_t mine[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    return gb_v_and(gb_v_test(gb_v_halves(bits[2 * h], bits[2 * h + 1]), gb_v_load(mine)), gb_v_set(value));
}

/* Nibbles and the fifth bits that lie apart: bit i of the 32 belongs to element i. */
GB_INLINE gb_bytes2 gb_five_bits32(const uint8_t *qs, const uint8_t *qh) {
    gb_bytes2 code = gb_nibbles32(qs);
    for (size_t h = 0; h < 2; h++) code.val[h] = gb_v_or(code.val[h], gb_bits16(qh, h, 16));
    return code;
}

/* What nibbles choose from a table. */
GB_INLINE gb_bytes2 gb_levels32(const int8_t levels[16], gb_bytes2 nibble) {
    const gb_bytes table = gb_v_load(levels);
    return (gb_bytes2){{gb_v_lookup(table, nibble.val[0]), gb_v_lookup(table, nibble.val[1])}};
}

/* value = code - offset */
GB_INLINE gb_bytes2 gb_lowered32(gb_bytes2 code, uint8_t offset) {
    return (gb_bytes2){{gb_v_sub(code.val[0], gb_v_set(offset)), gb_v_sub(code.val[1], gb_v_set(offset))}};
}

/* dot, gemv and gemm of a format from its description; then dequantize too. */
#define GB_BLOCK32_DOTS_OF(name, isa, kind)                                                                            \
    GB_INLINE void name##_tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride,            \
                               size_t cols, size_t n, gb_floats *acc) {                                                \
        gb_block32_tile(kind, w, w_stride, rows, a, a_stride, cols, n, acc);                                           \
    }                                                                                                                  \
    GB_TILE_KERNELS(name, isa, name##_tile, GB_TILE_COLS)

#define GB_BLOCK32_KERNELS_OF(name, isa, kind)                                                                         \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        gb_dequantize_row32(kind, blocks, x, n);                                                                       \
    }                                                                                                                  \
    GB_BLOCK32_DOTS_OF(name, isa, kind)

/* Of the one format of a file. */
#define GB_BLOCK32_DOTS(name, isa)    GB_BLOCK32_DOTS_OF(name, isa, kind)
#define GB_BLOCK32_KERNELS(name, isa) GB_BLOCK32_KERNELS_OF(name, isa, kind)

#endif
