/* The K-quants and (by lattice.h) i-quants in vectors of sixteen bytes: all operations follow from how a format unpacks
 * values and scales of its super-blocks. */
#ifndef GB_VEC16_SUPER_H
#define GB_VEC16_SUPER_H

#include "kernels/vec16/tiles.h"

enum { GB_BLOCK = 256, GB_GROUPS = 4 /* of 64 values, four vectors */ };

/* Of sub-blocks in order. */
typedef struct gb_super_scales {
    int8_t sc[16];
    uint8_t mn[16];
} gb_super_scales;

typedef struct gb_super {
    size_t bytes, d_at; /* of a block; of its f16 d (and, in formats with mins, dmin behind it) */
    size_t sub;         /* elements of a sub-block: 16, 32 */
    int planes;         /* or a group is 64 elements in a row: see gb_super_element */
    int mins;
    gb_range range;                   /* of the values */
    float unit;                       /* a power of two on the finished sum and on d * sc; 0: there is none */
    uint16_t (*d)(const void *block); /* where d is not at one place; otherwise NULL */
    gb_bytes4 (*values)(const char *block, size_t group);
    gb_super_scales (*scales)(const char *block);
} gb_super;

GB_INLINE uint16_t gb_super_d(const gb_super *f, const char *block) {
    return f->d ? f->d(block) : gb_load_u16(block + f->d_at, 0);
}

/* First element of vector v of a group. In planes, where a byte holds elements 32 apart, group g has of half g / 2 the
 * sixteens from 16 * (g % 2) on in all four quarters. */
GB_INLINE size_t gb_super_element(const gb_super *f, size_t group, size_t v) {
    return f->planes ? 128 * (group / 2) + 32 * v + 16 * (group % 2) : 64 * group + 16 * v;
}

/* Eight scales and eight mins in twelve bytes (q4_K, q5_K), four bytes at a time: words 0 and 1 hold the first four of
 * each in their low bits; word 2 the low nibbles of the last four, whose top two bits sit above the first four. */
GB_INLINE gb_super_scales gb_scales_mins(const char *packed) {
    uint32_t word[3];
    memcpy(word, packed, sizeof word);
    const uint32_t sc[2] = {word[0] & 0x3f3f3f3fU, (word[2] & 0x0f0f0f0fU) | (word[0] >> 2 & 0x30303030U)};
    const uint32_t mn[2] = {word[1] & 0x3f3f3f3fU, (word[2] >> 4 & 0x0f0f0f0fU) | (word[1] >> 2 & 0x30303030U)};
    gb_super_scales s;
    memcpy(s.sc, sc, sizeof sc);
    memcpy(s.mn, mn, sizeof mn);
    return s;
}

/* 32 bytes of nibbles at p: 32 low ones, then 32 high ones. */
GB_INLINE gb_bytes4 gb_nibbles64(const char *p) {
    const gb_bytes q0 = gb_v_load(p);
    const gb_bytes q1 = gb_v_load(p + 16);
    const gb_bytes nibble = gb_v_set(15);
    return (gb_bytes4){{gb_v_and(q0, nibble), gb_v_and(q1, nibble), gb_v_shr(q0, 4), gb_v_shr(q1, 4)}};
}

/* Bits 2q, 2q + 1 of sixteen bytes are vector q; lowered by `offset`. */
GB_INLINE gb_bytes4 gb_two_bits64(const char *p, uint8_t offset) {
    const gb_bytes x = gb_v_load(p);
    const gb_bytes two = gb_v_set(3);
    gb_bytes4 value = {
        {gb_v_and(x, two), gb_v_and(gb_v_shr(x, 2), two), gb_v_and(gb_v_shr(x, 4), two), gb_v_shr(x, 6)}};
    for (size_t q = 0; q < 4; q++) value.val[q] = gb_v_sub(value.val[q], gb_v_set(offset));
    return value;
}

/* For formats without sub-blocks: all scales are 1. */
GB_INLINE gb_super_scales gb_scales_one(const char *block) {
    (void)block;
    gb_super_scales s = {{0}, {0}};
    memset(s.sc, 1, sizeof s.sc);
    return s;
}

GB_INLINE void gb_super_dequantize(const gb_super *f, const void *blocks, float *x, size_t n) {
    const char *b = blocks;
    for (size_t k = 0; k < n / GB_BLOCK; k++, b += f->bytes, x += GB_BLOCK) {
        const gb_super_scales s = f->scales(b);
        const uint16_t half = gb_super_d(f, b);
        const float d = gb_v_scale(&half);
        const float dmin = f->mins ? gb_v_scale(b + f->d_at + 2) : 0.0F;
        for (size_t g = 0; g < GB_GROUPS; g++) {
            const gb_bytes4 value = f->values(b, g);
            for (size_t v = 0; v < 4; v++) {
                const size_t i = gb_super_element(f, g, v);
                float ds = d * (float)s.sc[i / f->sub];
                if (f->unit > 0.0F) ds = ds * f->unit;
                if (!f->mins) {
                    gb_v_store_scaled(x + i, value.val[v], ds);
                    continue;
                }
                const gb_floats dm = gb_v_fset(dmin * (float)s.mn[i / f->sub]);
                const gb_floats4 y = gb_v_from_bytes(value.val[v]);
                for (size_t j = 0; j < 4; j++) gb_v_fstore(x + i + 4 * j, y.val[j] * gb_v_fset(ds) - dm);
            }
        }
    }
}

/* isum + scales * (values . q) of one group. Sums are exact in every order: no partial sum exceeds the bound of the
 * whole (reference/<format>.c, at most 2^27). */
GB_INLINE gb_ints gb_super_add_group(const gb_super *f, gb_ints isum, gb_bytes4 value, const int8_t *sc,
                                     const int8_t *qs, size_t g) {
    for (size_t v = 0; v < 4; v += 2) {
        const size_t i = gb_super_element(f, g, v);
        const size_t j = gb_super_element(f, g, v + 1);
        const gb_bytes q0 = gb_v_load(qs + i);
        const gb_bytes q1 = gb_v_load(qs + j);
        if (f->sub == 32) {
            isum = gb_v_add_scaled32(isum, value.val[v], value.val[v + 1], q0, q1, sc[i / 32], f->range);
        } else {
            isum = gb_v_add_scaled16(isum, value.val[v], q0, sc[i / 16]);
            isum = gb_v_add_scaled16(isum, value.val[v + 1], q1, sc[j / 16]);
        }
    }
    return isum;
}

/* Of block k of the rows (`block`) and of every column: the column's scale, isum and, in formats with mins, msum, one
 * row per lane. */
typedef struct gb_super_sums {
    float da[GB_MOST_COLS];
    gb_ints isum[GB_MOST_COLS], msum[GB_MOST_COLS];
} gb_super_sums;

typedef void gb_super_sums_fn(const gb_super *f, const char *const block[GB_TILE_ROWS], size_t rows, const char *a,
                              size_t a_stride, size_t cols, size_t k, gb_super_sums *out);

GB_INLINE void gb_super_sums_by_column(const gb_super *f, const char *const block[GB_TILE_ROWS], size_t rows,
                                       const char *a, size_t a_stride, size_t cols, size_t k, gb_super_sums *out) {
    const gb_block_q8_K *ba[GB_TILE_COLS];
    gb_super_scales scales[GB_TILE_ROWS];
    gb_ints isum[GB_TILE_COLS][GB_TILE_ROWS];
    for (size_t c = 0; c < cols; c++) {
        ba[c] = (const gb_block_q8_K *)(a + c * a_stride) + k;
        for (size_t r = 0; r < GB_TILE_ROWS; r++) isum[c][r] = gb_v_zero();
    }
    for (size_t r = 0; r < rows; r++) {
        scales[r] = f->scales(block[r]);
        for (size_t g = 0; g < GB_GROUPS; g++) {
            const gb_bytes4 value = f->values(block[r], g);
            for (size_t c = 0; c < cols; c++)
                isum[c][r] = gb_super_add_group(f, isum[c][r], value, scales[r].sc, ba[c]->qs, g);
        }
    }
    for (size_t c = 0; c < cols; c++) {
        out->da[c] = ba[c]->d;
        out->isum[c] = gb_v_sum_rows(isum[c]);
        if (!f->mins) continue;
        gb_ints msum[GB_TILE_ROWS] = {gb_v_zero(), gb_v_zero(), gb_v_zero(), gb_v_zero()};
        for (size_t r = 0; r < rows; r++) msum[r] = gb_v_min_sums(scales[r].mn, ba[c]->bsums, f->sub);
        out->msum[c] = gb_v_sum_rows(msum);
    }
}

/* acc = acc + ((d * da) * isum - (dmin * da) * msum), one row per lane. */
GB_INLINE void gb_super_tile(const gb_super *f, gb_super_sums_fn *sums, const char *w, size_t w_stride, size_t rows,
                             const char *a, size_t a_stride, size_t cols, size_t n, gb_floats *acc) {
    for (size_t c = 0; c < cols; c++) acc[c] = gb_v_fset(0.0F);
    for (size_t k = 0; k < n / GB_BLOCK; k++) {
        const char *block[GB_TILE_ROWS];
        uint16_t d[GB_TILE_ROWS] = {0};
        uint16_t dmin[GB_TILE_ROWS] = {0};
        for (size_t r = 0; r < rows; r++) block[r] = w + r * w_stride + k * f->bytes;
        gb_super_sums s;
        sums(f, block, rows, a, a_stride, cols, k, &s);
        for (size_t r = 0; r < rows; r++) {
            d[r] = gb_super_d(f, block[r]);
            if (f->mins) dmin[r] = gb_load_u16(block[r] + f->d_at, 1);
        }
        const gb_floats dw = gb_v_from_halves(d);
        const gb_floats mw = gb_v_from_halves(dmin);
        for (size_t c = 0; c < cols; c++) {
            const gb_floats da = gb_v_fset(s.da[c]);
            gb_floats term = (dw * da) * gb_v_from_ints(s.isum[c]);
            if (f->mins) term = term - (mw * da) * gb_v_from_ints(s.msum[c]);
            acc[c] = acc[c] + term;
        }
    }
    if (f->unit > 0.0F)
        for (size_t c = 0; c < cols; c++) acc[c] = acc[c] * gb_v_fset(f->unit);
}

/* dot, gemv and gemm of a format from its descriptor `format`; then dequantize too. */
#define GB_SUPER_DOTS(name, isa)                                                                                       \
    GB_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,      \
                        size_t n, gb_floats *acc) {                                                                    \
        gb_super_tile(&format, gb_super_sums_by_column, w, w_stride, rows, a, a_stride, cols, n, acc);                 \
    }                                                                                                                  \
    GB_TILE_KERNELS(name, isa, tile, GB_TILE_COLS)

#define GB_SUPER_KERNELS(name, isa)                                                                                    \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        gb_super_dequantize(&format, blocks, x, n);                                                                    \
    }                                                                                                                  \
    GB_SUPER_DOTS(name, isa)

#endif
