/* gemv of the formats with a float term for every 32 elements (nvfp4: 16), here called blocks, whatever number of them
 * the format's own blocks hold. A row is read once, front to back, as memory likes it; its float terms, one
 * per block, go to a small buffer. After sixteen rows the terms are summed in block order with lane = row. */
#ifndef GB_VEC64_GEMV_BLOCK32_H
#define GB_VEC64_GEMV_BLOCK32_H

#include "kernels/vec64/simd.h"

enum {
    GB_SPAN = 256,              /* blocks of a row handled at a time */
    GB_GROUP = 16,              /* blocks per vector of sums */
    GB_TERM_ROW = GB_SPAN + 16, /* floats between rows of terms: not a multiple of 4 KiB */
    GB_PREFETCH_AHEAD = 2560    /* bytes */
};

/* The activation row as a span of gemv wants it, computed once for all rows. */
typedef struct gb_act32 {
    _Alignas(64) int8_t q[GB_SPAN * 32]; /* order as the format's sums() reads them */
    float d[GB_SPAN], s[GB_SPAN];        /* s: q8_1's sums, of affine formats only */
    int32_t bias[GB_SPAN];               /* subtracted from the unsigned product sums */
} gb_act32;

/* Copies the 32 codes of block b to act->q. */
typedef void gb_place_fn(gb_act32 *act, size_t b, const int8_t *qs);
/* Lane i = sum over block b + i of unsigned code times activation; w = NULL means all codes are 1. */
typedef __m512i gb_sums_fn(const uint8_t *w, const gb_act32 *act, size_t b);
/* Sixteen scales, one at p, p + stride, ... */
typedef __m512 gb_scales_fn(const void *p, size_t stride);
/* Offsets of sixteen terms, likewise. */
typedef __m512i gb_zeros_fn(const void *p, size_t stride);

typedef struct gb_block32 {
    size_t bytes;    /* of what the format calls a block; its scale comes first */
    size_t per;      /* terms in it: 1, 2, 4 */
    int split;       /* terms are of sixteen elements */
    int bytes_wide;  /* codes are above 127 */
    int code_offset; /* value = unsigned code - offset; 1 where zeros() gives offsets that differ */
    int unaided;     /* no prefetch: the processor's own reading ahead is faster without */
    int affine;      /* the f16 after the scale is a minimum, and the activations are q8_1 */
    gb_place_fn *place;
    gb_sums_fn *sums;
    gb_scales_fn *scales;
    gb_zeros_fn *zeros; /* or NULL */
    /* Unsigned codes of term t of a block, in natural order, for dot_block32.h; NULL: dot is a gemv of one row. */
    __m256i (*natural)(const uint8_t *block, size_t t);
    __m256 (*scale8)(const uint8_t *block, size_t count); /* of eight blocks, from the count-th on any; NULL: f16 */
} gb_block32;

GB_INLINE void gb_place_in_order(gb_act32 *act, size_t b, const int8_t *qs) {
    _mm256_store_si256((__m256i *)(act->q + 32 * b), gb_load256(qs));
}

/* The last group of a span overlaps the one before it: terms are recomputed, never read past the end. A span below
 * sixteen blocks is padded with zero blocks on both sides. */
GB_INLINE size_t gb_group_start(size_t b, size_t blocks) {
    return blocks < GB_GROUP ? 0 : gb_min(b, blocks - GB_GROUP);
}

/* Bytes of an activation block, and where its codes begin: q8_0 or q8_1, which differ by the sum before them. */
GB_INLINE size_t gb_act32_bytes(const gb_block32 *f) {
    return f->affine ? sizeof(gb_block_q8_1) : sizeof(gb_block_q8_0);
}

GB_INLINE size_t gb_act32_codes(const gb_block32 *f) {
    return f->affine ? offsetof(gb_block_q8_1, qs) : offsetof(gb_block_q8_0, qs);
}

/* Where term b of a row begins, or its activations; b is a multiple of f->per, or of 2 where terms are split. */
GB_INLINE size_t gb_term_at(const gb_block32 *f, size_t b) {
    return b / f->per * f->bytes;
}

GB_INLINE size_t gb_act32_at(const gb_block32 *f, size_t b) {
    return (f->split ? b / 2 : b) * gb_act32_bytes(f);
}

/* Scales of the activations of sixteen terms from a on. */
GB_INLINE __m512 gb_act32_scales(const gb_block32 *f, const uint8_t *a) {
    if (!f->split) return gb_gather_halves(a, gb_act32_bytes(f));
    uint16_t d[GB_GROUP];
    for (size_t i = 0; i < GB_GROUP; i++) memcpy(&d[i], a + gb_act32_at(f, i), sizeof d[i]);
    return _mm512_cvtph_ps(gb_load256(d));
}

GB_INLINE void gb_act32_fill(const gb_block32 *f, gb_act32 *act, const uint8_t *a, size_t blocks) {
    const size_t bytes = gb_act32_bytes(f);
    uint8_t padded[GB_GROUP * sizeof(gb_block_q8_1)];
    if (blocks < GB_GROUP) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, a, gb_act32_at(f, blocks));
        a = padded;
        blocks = GB_GROUP;
    }
    for (size_t b = 0; b < blocks; b++)
        f->place(act, b, (const int8_t *)a + gb_act32_at(f, b) + gb_act32_codes(f) + (f->split ? b % 2 * 16 : 0));
    for (size_t i = 0; i < blocks; i += GB_GROUP) {
        const size_t b = gb_group_start(i, blocks);
        _mm512_storeu_ps(act->d + b, gb_act32_scales(f, a + gb_act32_at(f, b)));
        if (f->affine)
            _mm512_storeu_ps(act->s + b, gb_gather_halves(a + b * bytes + offsetof(gb_block_q8_1, s), bytes));
        const __m512i sum = f->sums(NULL, act, b);
        _mm512_storeu_si512(act->bias + b, _mm512_mullo_epi32(sum, _mm512_set1_epi32(f->code_offset)));
    }
}

GB_INLINE void gb_row_terms(const gb_block32 *f, const uint8_t *w, const gb_act32 *act, size_t blocks, float *terms) {
    uint8_t padded[GB_GROUP * sizeof(gb_block_q8_0)]; /* no weight block is larger */
    if (blocks < GB_GROUP) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, w, gb_term_at(f, blocks));
        w = padded;
    }
    for (size_t i = 0; i < blocks; i += GB_GROUP) {
        const size_t b = gb_group_start(i, blocks);
        const uint8_t *p = w + gb_term_at(f, b);
        for (size_t line = 0; !f->unaided && line < gb_term_at(f, GB_GROUP); line += 64)
            gb_prefetch(p, GB_PREFETCH_AHEAD + line);
        __m512i bias = gb_load512(act->bias + b);
        if (f->zeros) bias = _mm512_mullo_epi32(bias, f->zeros(p, f->bytes));
        const __m512i sum = _mm512_sub_epi32(f->sums(p, act, b), bias);
        const __m512 d = _mm512_mul_ps(f->scales(p, f->bytes), _mm512_loadu_ps(act->d + b));
        __m512 term = _mm512_mul_ps(d, _mm512_cvtepi32_ps(sum));
        if (f->affine) {
            const __m512 m = gb_gather_halves(p + sizeof(uint16_t), f->bytes);
            term = _mm512_add_ps(term, _mm512_mul_ps(m, _mm512_loadu_ps(act->s + b)));
        }
        _mm512_storeu_ps(terms + b, term);
    }
}

/* acc + terms of blocks 0, 1, ... in order, lane = row. */
GB_INLINE __m512 gb_chain_terms(const float *terms, size_t rows, size_t blocks, __m512 acc) {
    const uint8_t *row[GB_ROWS];
    gb_row_pointers(terms, GB_TERM_ROW * sizeof *terms, rows, row);
    size_t b = 0;
    __m512i v[4];
    for (; b + 4 <= blocks; b += 4) {
        gb_load_rows(row, b * sizeof *terms, v);
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) acc = _mm512_add_ps(acc, _mm512_castsi512_ps(v[i]));
    }
    for (; b < blocks; b++) {
        _Alignas(64) float column[GB_ROWS];
        for (size_t i = 0; i < GB_ROWS; i++) memcpy(&column[i], row[i] + b * sizeof *terms, sizeof *column);
        acc = _mm512_add_ps(acc, _mm512_load_ps(column));
    }
    return acc;
}

GB_INLINE void gb_gemv_block32(const gb_block32 *f, const void *w, size_t w_stride, size_t rows, const void *a,
                               size_t n, float *y) {
    gb_act32 act;
    _Alignas(64) float terms[GB_ROWS * GB_TERM_ROW];
    const uint8_t *ba = a;
    const size_t all = n / (f->split ? 16 : 32);
    for (size_t k = 0; k < all; k += GB_SPAN) {
        const size_t blocks = gb_min(GB_SPAN, all - k);
        gb_act32_fill(f, &act, ba + gb_act32_at(f, k), blocks);
        for (size_t r = 0; r < rows; r += GB_ROWS) {
            const size_t count = gb_min(GB_ROWS, rows - r);
            const uint8_t *first = (const uint8_t *)w + r * w_stride + gb_term_at(f, k);
            for (size_t i = 0; i < count; i++)
                gb_row_terms(f, first + i * w_stride, &act, blocks, terms + i * GB_TERM_ROW);
            const __mmask16 lanes = gb_lanes(count);
            const __m512 start = k ? _mm512_maskz_loadu_ps(lanes, y + r) : _mm512_setzero_ps();
            _mm512_mask_storeu_ps(y + r, lanes, gb_chain_terms(terms, count, blocks, start));
        }
    }
}

#endif
